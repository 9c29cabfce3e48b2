// Deleting a managed policy.

import {
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  ListEntitiesForPolicyCommand,
  ListPolicyVersionsCommand,
} from '@aws-sdk/client-iam';
import Alert from '@cloudscape-design/components/alert';
import Spinner from '@cloudscape-design/components/spinner';
import { useQuery } from '@tanstack/react-query';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { printable } from '../parts/printable.ts';
import { StoredText } from '../parts/stored-text.tsx';
import { useChange } from '../parts/use-change.ts';
import { iam } from './iam-calls.ts';

interface DeletePolicyProps {
  readonly arn: string;
  readonly name: string;
  readonly onEnd: () => void;
}

/** Asks, and deletes a policy that nothing uses, with its versions. */
export function DeletePolicy({ arn, name, onEnd }: DeletePolicyProps) {
  const users = useQuery({
    queryKey: ['iam-policy-users', arn],
    queryFn: () => usersOf(arn),
    // Of what was read for an earlier dialog, nothing is shown.
    gcTime: 0,
    staleTime: 0,
  });
  const remove = useChange({
    call: () => deleted(arn),
    done: `The policy ${name} is deleted.`,
    reads: ['iam-policies'],
    onDone: onEnd,
  });
  const isUnused = users.data?.length === 0;
  return (
    <ConfirmDialog
      title={`Delete the policy ${name}`}
      action="Delete"
      isReady={isUnused && !users.isFetching}
      change={remove}
      onDismiss={onEnd}
    >
      <ErrorAlert error={users.error} />
      {users.isLoading && <Spinner />}
      {isUnused &&
        'It is attached to nothing. All of its versions are deleted for ever. If somebody attaches it while they are being deleted, it is kept with the version in effect.'}
      {users.data && !isUnused && (
        <Alert type="info" header="Detach the policy first">
          <StoredText text={`It is used by: ${users.data.join(', ')}`} />
        </Alert>
      )}
    </ConfirmDialog>
  );
}

/** What a policy is attached to, or bounds. The first page of each says enough. */
async function usersOf(PolicyArn: string): Promise<readonly string[]> {
  const [attached, bounded] = await Promise.all([
    entities(PolicyArn, 'PermissionsPolicy', ''),
    entities(PolicyArn, 'PermissionsBoundary', ' (as permissions boundary)'),
  ]);
  return [...attached, ...bounded];
}

async function entities(
  PolicyArn: string,
  PolicyUsageFilter: 'PermissionsPolicy' | 'PermissionsBoundary',
  how: string,
): Promise<readonly string[]> {
  const command = new ListEntitiesForPolicyCommand({ PolicyArn, PolicyUsageFilter });
  const { PolicyUsers = [], PolicyGroups = [], PolicyRoles = [] } = await iam().send(command);
  return [
    ...PolicyUsers.map(({ UserName = '' }) => `user ${printable(UserName)}${how}`),
    ...PolicyGroups.map(({ GroupName = '' }) => `group ${printable(GroupName)}${how}`),
    ...PolicyRoles.map(({ RoleName = '' }) => `role ${printable(RoleName)}${how}`),
  ];
}

/**
 * Deletes a policy. IAM does so only with its last version, and refuses one that is attached before it looks
 * at the versions: so the first attempt finds what has been attached since the dialog was opened.
 */
async function deleted(PolicyArn: string): Promise<void> {
  try {
    await iam().send(new DeletePolicyCommand({ PolicyArn }));
    return;
  } catch (error) {
    if (!(error instanceof Error) || !/more than one version/.test(error.message)) throw error;
  }
  const { Versions = [] } = await iam().send(new ListPolicyVersionsCommand({ PolicyArn }));
  for (const { VersionId, IsDefaultVersion } of Versions) {
    if (IsDefaultVersion) continue;
    await iam().send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
  }
  await iam().send(new DeletePolicyCommand({ PolicyArn }));
}
