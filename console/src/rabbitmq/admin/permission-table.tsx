// The permissions of a user, or those in a virtual host.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { NameLink } from '../../broker/name.tsx';
import { printable } from '../../parts/printable.ts';
import type { Permission } from '../model.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { ListTable } from '../parts/list-table.tsx';
import { PermissionForm } from './permission-form.tsx';

/** A user, or a virtual host. */
export type PermissionsOf = { readonly user: string } | { readonly vhost: string };

/** The path of the permissions, or of those for topics. */
export function permissionsPath(
  of: PermissionsOf,
  kind: 'permissions' | 'topic-permissions',
): readonly string[] {
  return 'user' in of ? ['users', of.user, kind] : ['vhosts', of.vhost, kind];
}

/** Lists permissions, and changes them. */
export function PermissionTable({ of }: { readonly of: PermissionsOf }) {
  const [edited, setEdited] = useState<Permission | 'new'>();
  const [deleted, setDeleted] = useState<Permission>();
  return (
    <>
      <ListTable<Permission>
        title="Permissions"
        description="Regular expressions for the names of queues and exchanges. An empty one permits nothing."
        path={permissionsPath(of, 'permissions')}
        idOf={({ user, vhost }) => JSON.stringify([user, vhost])}
        empty="There are no permissions."
        hasFilter={false}
        isLive={false}
        actions={<Button onClick={() => setEdited('new')}>Set permissions</Button>}
        columns={[
          'user' in of
            ? {
                id: 'vhost',
                header: 'Virtual host',
                sortingField: 'vhost',
                isRowHeader: true,
                cell: ({ vhost }) => <NameLink area="vhosts" parts={[vhost]} />,
              }
            : {
                id: 'user',
                header: 'User',
                sortingField: 'user',
                isRowHeader: true,
                cell: ({ user }) => <NameLink area="users" parts={[user]} />,
              },
          {
            id: 'configure',
            header: 'Configure',
            cell: ({ configure }) => <code>{printable(configure)}</code>,
          },
          { id: 'write', header: 'Write', cell: ({ write }) => <code>{printable(write)}</code> },
          { id: 'read', header: 'Read', cell: ({ read }) => <code>{printable(read)}</code> },
          {
            id: 'actions',
            header: 'Actions',
            cell: (permission) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  variant="inline-link"
                  ariaLabel={`Change permissions of ${placeOf(permission)}`}
                  onClick={() => setEdited(permission)}
                >
                  Change
                </Button>
                <Button
                  variant="inline-link"
                  ariaLabel={`Clear permissions of ${placeOf(permission)}`}
                  onClick={() => setDeleted(permission)}
                >
                  Clear
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {edited && (
        <PermissionForm
          of={of}
          {...(edited !== 'new' && { permission: edited })}
          onEnd={() => setEdited(undefined)}
        />
      )}
      {deleted && (
        <DeleteDialog
          kind="user"
          name={deleted.user}
          path={['permissions', deleted.vhost, deleted.user]}
          action="Clear permissions of"
          done={`${printable(deleted.user)} has no permissions in ${printable(deleted.vhost)}.`}
          reads={['users', 'vhosts']}
          onEnd={() => setDeleted(undefined)}
        >
          The user can no longer connect to the virtual host {printable(deleted.vhost)}.
        </DeleteDialog>
      )}
    </>
  );
}

function placeOf({ user, vhost }: Permission): string {
  return `${printable(user)} in ${printable(vhost)}`;
}
