// The users of the account.

import { CreateUserCommand, ListUsersCommand, type User } from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { useChange } from '../parts/use-change.ts';
import { href, open } from '../router.ts';
import { iam, pageItems, pageOf } from './iam-calls.ts';

const columns: readonly TableProps.ColumnDefinition<User>[] = [
  {
    id: 'name',
    header: 'User name',
    isRowHeader: true,
    cell: ({ UserName = '' }) => <Link href={href('identity', 'users', UserName)}>{UserName}</Link>,
  },
  { id: 'path', header: 'Path', cell: (user) => user.Path },
  { id: 'created', header: 'Created', cell: (user) => <Time at={user.CreateDate} /> },
  { id: 'used', header: 'Last sign-in', cell: (user) => <Time at={user.PasswordLastUsed} /> },
];

/** Lists the users. */
export function UserTable() {
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <PagedTable
        title="Users"
        queryKey={['iam-users']}
        load={async (Marker) => {
          const page = await iam().send(new ListUsersCommand({ MaxItems: pageItems, Marker }));
          return pageOf(page.Users, page);
        }}
        columns={columns}
        idOf={({ UserId = '' }) => UserId}
        empty="There are no users."
        actions={<Button onClick={() => setAdding(true)}>Create user</Button>}
      />
      {isAdding && <AddUser onEnd={() => setAdding(false)} />}
    </>
  );
}

function AddUser({ onEnd }: { readonly onEnd: () => void }) {
  const [name, setName] = useState('');
  const add = useChange({
    call: () => iam().send(new CreateUserCommand({ UserName: name })),
    done: `The user ${name} is created.`,
    reads: ['iam-users'],
    onDone: () => {
      onEnd();
      open('identity', 'users', name);
    },
  });
  return (
    <ConfirmDialog
      title="Create user"
      action="Create user"
      isReady={name !== ''}
      change={add}
      onDismiss={onEnd}
    >
      <FormField
        label="User name"
        description="It is part of the user's ARN, and appears in the trail. A role or a number says less about a person than a name."
      >
        <Input
          value={name}
          onChange={({ detail }) => setName(detail.value)}
          autoComplete="off"
          spellcheck={false}
        />
      </FormField>
    </ConfirmDialog>
  );
}
