// Deleting a role with its policies.

import {
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import Spinner from '@cloudscape-design/components/spinner';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { Details } from '../../parts/details.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { open } from '../../router.ts';
import { deletionStep } from '../deletion-step.ts';
import { iam } from '../iam-calls.ts';

/** What was read of a role, and of what names roles, by the first parts of the keys. */
const read = ['iam-role', 'iam-roles', 'iam-attached', 'iam-policies', 'iam-role-policies'];

interface DeleteRoleProps {
  readonly name: string;
  readonly onEnd: () => void;
}

/** Shows the policies of a role, asks, and deletes it without them. */
export function DeleteRole({ name, onEnd }: DeleteRoleProps) {
  const client = useQueryClient();
  const policies = useQuery({
    queryKey: ['iam-role-policies', name],
    queryFn: () => policiesOf(name),
    // Of what was read for an earlier dialog, nothing is shown.
    gcTime: 0,
    staleTime: 0,
  });
  const has = policies.data;
  /** After a failure, the page below shows what is left. A page of a role that is gone is not read. */
  const forget = (refetchType: 'active' | 'none') =>
    Promise.all(read.map((key) => client.invalidateQueries({ queryKey: [key], refetchType })));
  const remove = useChange({
    call: async () => {
      if (has === undefined) return;
      try {
        await deleteRole(name, has);
      } catch (error) {
        await forget('active');
        throw error;
      }
      await forget('none');
    },
    done: `The role ${name} is deleted.`,
    reads: ['iam-roles'],
    onDone: () => open('identity', 'roles'),
  });
  const names = (list: readonly string[]) => list.map(printable).join(', ') || 'None';
  return (
    <ConfirmDialog
      title={`Delete the role ${name}`}
      action="Delete"
      typed={name}
      isReady={has !== undefined && !policies.isFetching}
      warning="The role is deleted for ever. A new role of the same name is another one."
      change={remove}
      onDismiss={onEnd}
    >
      <ErrorAlert error={policies.error} />
      {policies.isLoading && <Spinner />}
      {has && (
        <Details
          columns={2}
          items={[
            {
              label: 'Attached policies, which are kept',
              value: names(has.attached.map((each) => each.name)),
            },
            { label: 'Inline policies', value: names(has.inline) },
          ]}
        />
      )}
    </ConfirmDialog>
  );
}

/** What must be removed before a role is deleted. */
interface Policies {
  readonly attached: readonly { readonly arn: string; readonly name: string }[];
  readonly inline: readonly string[];
}

/** The quotas of IAM keep each of these lists on one page. */
async function policiesOf(RoleName: string): Promise<Policies> {
  const [attached, inline] = await Promise.all([
    iam().send(new ListAttachedRolePoliciesCommand({ RoleName })),
    iam().send(new ListRolePoliciesCommand({ RoleName })),
  ]);
  return {
    attached: (attached.AttachedPolicies ?? []).map(({ PolicyArn = '', PolicyName = '' }) => {
      return { arn: PolicyArn, name: PolicyName };
    }),
    inline: inline.PolicyNames ?? [],
  };
}

/** The policies are removed first, without which IAM deletes no role. */
async function deleteRole(RoleName: string, has: Policies): Promise<void> {
  for (const { arn: PolicyArn, name } of has.attached) {
    const command = new DetachRolePolicyCommand({ RoleName, PolicyArn });
    await deletionStep(`The attachment of ${printable(name)}`, () => iam().send(command));
  }
  for (const PolicyName of has.inline) {
    const command = new DeleteRolePolicyCommand({ RoleName, PolicyName });
    await deletionStep(`The inline policy ${printable(PolicyName)}`, () => iam().send(command));
  }
  const command = new DeleteRoleCommand({ RoleName });
  await deletionStep(`The role ${printable(RoleName)}`, () => iam().send(command));
}
