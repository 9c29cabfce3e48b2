// The list of users.

import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { NameLink } from '../../broker/name.tsx';
import { printable } from '../../parts/printable.ts';
import type { User } from '../model.ts';
import { ListTable } from '../parts/list-table.tsx';
import { UserForm } from './user-form.tsx';

/** Lists users, and creates them. */
export default function UserList() {
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListTable<User>
        title="Users"
        isPage
        path={['users']}
        idOf={({ name }) => name}
        empty="There are no users."
        actions={<Button onClick={() => setCreating(true)}>Create user</Button>}
        columns={[
          {
            id: 'name',
            header: 'Name',
            sortingField: 'name',
            isRowHeader: true,
            cell: ({ name }) => <NameLink area="users" parts={[name]} />,
          },
          {
            id: 'tags',
            header: 'Tags',
            cell: ({ tags }) => (tags.length === 0 ? '–' : tags.map(printable).join(', ')),
          },
        ]}
      />
      {isCreating && <UserForm onEnd={() => setCreating(false)} />}
    </>
  );
}
