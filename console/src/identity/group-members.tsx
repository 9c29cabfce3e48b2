// The users of a group.

import {
  AddUserToGroupCommand,
  GetGroupCommand,
  ListUsersCommand,
  RemoveUserFromGroupCommand,
  type User,
} from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { ListedField } from '../parts/listed-field.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { useChange } from '../parts/use-change.ts';
import { href } from '../router.ts';
import { iam, pageItems, pageOf } from './iam-calls.ts';

interface GroupProps {
  readonly group: string;
}

/** What is read again after a change. */
const reads = ['iam-members', 'iam-rights'];

/** Lists the users of a group, adds and removes them. */
export function GroupMembers({ group }: GroupProps) {
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<string>();
  return (
    <>
      <PagedTable<User>
        title="Users of the group"
        queryKey={['iam-members', group]}
        load={async (Marker) => {
          const command = new GetGroupCommand({ GroupName: group, MaxItems: pageItems, Marker });
          const page = await iam().send(command);
          return pageOf(page.Users, page);
        }}
        columns={[
          {
            id: 'name',
            header: 'User name',
            isRowHeader: true,
            cell: ({ UserName = '' }) => (
              <Link href={href('identity', 'users', UserName)}>{UserName}</Link>
            ),
          },
          {
            id: 'actions',
            header: 'Action',
            cell: ({ UserName = '' }) => (
              <Button
                variant="inline-link"
                ariaLabel={`Remove ${UserName}`}
                onClick={() => setRemoved(UserName)}
              >
                Remove
              </Button>
            ),
          },
        ]}
        idOf={({ UserId = '' }) => UserId}
        empty="The group has no users."
        actions={<Button onClick={() => setAdding(true)}>Add user</Button>}
      />
      {isAdding && <AddMember group={group} onEnd={() => setAdding(false)} />}
      {removed !== undefined && (
        <RemoveMember group={group} user={removed} onEnd={() => setRemoved(undefined)} />
      )}
    </>
  );
}

interface DialogProps extends GroupProps {
  readonly onEnd: () => void;
}

function AddMember({ group, onEnd }: DialogProps) {
  const [user, setUser] = useState('');
  const add = useChange({
    call: () => iam().send(new AddUserToGroupCommand({ GroupName: group, UserName: user.trim() })),
    done: `The user ${user.trim()} is in the group ${group}.`,
    reads,
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Add a user to ${group}`}
      action="Add"
      isReady={user.trim() !== ''}
      change={add}
      onDismiss={onEnd}
    >
      <ListedField
        label="User name"
        value={user}
        onChange={setUser}
        queryKey={['iam-users']}
        load={async (Marker) => {
          const page = await iam().send(new ListUsersCommand({ MaxItems: 1000, Marker }));
          const options = (page.Users ?? []).map(({ UserName = '' }) => ({ value: UserName }));
          return pageOf(options, page);
        }}
        empty="There are no users."
      />
    </ConfirmDialog>
  );
}

function RemoveMember({ group, user, onEnd }: DialogProps & { readonly user: string }) {
  const remove = useChange({
    call: () => iam().send(new RemoveUserFromGroupCommand({ GroupName: group, UserName: user })),
    done: `The user ${user} is no longer in the group ${group}.`,
    reads,
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Remove ${user} from ${group}`}
      action="Remove"
      change={remove}
      onDismiss={onEnd}
    >
      The policies of the group no longer apply to the user, at once.
    </ConfirmDialog>
  );
}
