// Deleting a user with all that belongs to it.

import Spinner from '@cloudscape-design/components/spinner';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Details } from '../parts/details.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { printable } from '../parts/printable.ts';
import { useChange } from '../parts/use-change.ts';
import { open } from '../router.ts';
import { type Belongings, belongingsOf, deleteUser } from './user-belongings.ts';

/** What was read of a user, by the first parts of the keys. */
const ofUser = ['iam-user', 'iam-login', 'iam-keys', 'iam-mfa', 'iam-attached', 'iam-rights'];
const ofOthers = ['iam-users', 'iam-members', 'iam-policies', 'iam-belongings'];

interface DeleteUserProps {
  readonly name: string;
  readonly onEnd: () => void;
}

/** Shows what a user has, asks, and deletes it with the user. */
export function DeleteUser({ name, onEnd }: DeleteUserProps) {
  const client = useQueryClient();
  const belongings = useQuery({
    queryKey: ['iam-belongings', name],
    queryFn: () => belongingsOf(name),
    // Of what was read for an earlier dialog, nothing is shown.
    gcTime: 0,
    staleTime: 0,
  });
  const has = belongings.data;
  /** After a failure, the page below shows what is left. A page of a user that is gone is not read. */
  const forget = (refetchType: 'active' | 'none') =>
    Promise.all(
      [...ofUser, ...ofOthers].map((key) =>
        client.invalidateQueries({ queryKey: [key], refetchType }),
      ),
    );
  const remove = useChange({
    call: async () => {
      if (has === undefined) return;
      try {
        await deleteUser(name, has);
      } catch (error) {
        await forget('active');
        throw error;
      }
      await forget('none');
    },
    done: `The user ${name} is deleted.`,
    reads: ['iam-users'],
    onDone: () => open('identity', 'users'),
  });
  return (
    <ConfirmDialog
      title={`Delete the user ${name}`}
      action="Delete"
      typed={name}
      isReady={has !== undefined && !belongings.isFetching}
      warning="The user and all of this are deleted for ever. Programs that use the access keys are refused at once."
      change={remove}
      onDismiss={onEnd}
    >
      <ErrorAlert error={belongings.error} />
      {belongings.isLoading && <Spinner />}
      {has && <Details columns={2} items={detailsOf(has)} />}
    </ConfirmDialog>
  );
}

/** What goes with a user. */
function detailsOf(has: Belongings) {
  const names = (list: readonly string[]) => list.map(printable).join(', ') || 'None';
  return [
    { label: 'Password', value: has.hasPassword ? 'Set' : 'None' },
    { label: 'Access keys', value: names(has.accessKeys) },
    { label: 'MFA devices', value: names(has.devices) },
    { label: 'Memberships in groups', value: names(has.groups) },
    {
      label: 'Attached policies, which are kept',
      value: names(has.attached.map((each) => each.name)),
    },
    { label: 'Inline policies', value: names(has.inline) },
  ];
}
