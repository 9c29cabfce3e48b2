// The groups of the account.

import { CreateGroupCommand, type Group, ListGroupsCommand } from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { TextField } from '../parts/fields.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { useChange } from '../parts/use-change.ts';
import { href, open } from '../router.ts';
import { iam, pageItems, pageOf } from './iam-calls.ts';

const columns: readonly TableProps.ColumnDefinition<Group>[] = [
  {
    id: 'name',
    header: 'Group',
    isRowHeader: true,
    cell: ({ GroupName = '' }) => (
      <Link href={href('identity', 'groups', GroupName)}>{GroupName}</Link>
    ),
  },
  { id: 'arn', header: 'ARN', width: 400, cell: (group) => group.Arn },
  { id: 'created', header: 'Created', cell: (group) => <Time at={group.CreateDate} /> },
];

/** Lists the groups, and creates them. */
export function GroupTable() {
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <PagedTable
        title="Groups"
        queryKey={['iam-groups']}
        load={async (Marker) => {
          const page = await iam().send(new ListGroupsCommand({ MaxItems: pageItems, Marker }));
          return pageOf(page.Groups, page);
        }}
        columns={columns}
        idOf={({ GroupId = '' }) => GroupId}
        empty="There are no groups."
        actions={<Button onClick={() => setAdding(true)}>Create group</Button>}
      />
      {isAdding && <AddGroup onEnd={() => setAdding(false)} />}
    </>
  );
}

function AddGroup({ onEnd }: { readonly onEnd: () => void }) {
  const [name, setName] = useState('');
  const add = useChange({
    call: () => iam().send(new CreateGroupCommand({ GroupName: name })),
    done: `The group ${name} is created.`,
    reads: ['iam-groups'],
    onDone: () => {
      onEnd();
      open('identity', 'groups', name);
    },
  });
  return (
    <ConfirmDialog
      title="Create group"
      action="Create group"
      isReady={name !== ''}
      change={add}
      onDismiss={onEnd}
    >
      <TextField
        label="Group name"
        description="It is part of the group's ARN, and appears in the trail."
        value={name}
        onChange={setName}
      />
    </ConfirmDialog>
  );
}
