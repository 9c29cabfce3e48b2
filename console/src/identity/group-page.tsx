// The page of a group.

import { DeleteGroupCommand, GetGroupCommand } from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { printable } from '../parts/printable.ts';
import { useChange } from '../parts/use-change.ts';
import { href, open, type Route } from '../router.ts';
import { AttachedPolicies } from './attached-policies.tsx';
import { GroupMembers } from './group-members.tsx';
import { iam } from './iam-calls.ts';

/** Shows a group: its users and its policies. */
export default function GroupPage({ route }: { readonly route: Route }) {
  const [, , name = ''] = route.parts;
  const [isDeleting, setDeleting] = useState(false);
  const group = useQuery({
    queryKey: ['iam-group', name],
    queryFn: async () => {
      const { Group } = await iam().send(new GetGroupCommand({ GroupName: name, MaxItems: 1 }));
      return Group ?? null;
    },
  });
  return (
    <SpaceBetween size="l">
      <Crumbs
        items={[
          { text: 'Groups', href: href('identity', 'groups') },
          { text: name, href: href('identity', 'groups', name) },
        ]}
      />
      <Header
        variant="h1"
        description={group.data?.Arn}
        actions={group.data && <Button onClick={() => setDeleting(true)}>Delete group</Button>}
      >
        {printable(name)}
      </Header>
      <ErrorAlert error={group.error} />
      {group.data && (
        <SpaceBetween size="l">
          <GroupMembers group={name} />
          <AttachedPolicies kind="group" name={name} />
        </SpaceBetween>
      )}
      {isDeleting && <DeleteGroup name={name} onEnd={() => setDeleting(false)} />}
    </SpaceBetween>
  );
}

interface DeleteGroupProps {
  readonly name: string;
  readonly onEnd: () => void;
}

function DeleteGroup({ name, onEnd }: DeleteGroupProps) {
  const remove = useChange({
    call: () => iam().send(new DeleteGroupCommand({ GroupName: name })),
    done: `The group ${name} is deleted.`,
    reads: ['iam-groups'],
    onDone: () => open('identity', 'groups'),
  });
  return (
    <ConfirmDialog
      title={`Delete the group ${name}`}
      action="Delete"
      change={remove}
      onDismiss={onEnd}
    >
      A group with users or policies is not deleted: remove them first.
    </ConfirmDialog>
  );
}
