// The page of a user.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { Head } from '../../broker/head.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { open, type Route } from '../../router.ts';
import type { User } from '../model.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { useApi } from '../use-api.ts';
import { PermissionTable } from './permission-table.tsx';
import { TopicPermissionTable } from './topic-permission-table.tsx';
import { UserForm } from './user-form.tsx';

/** Shows a user with its permissions, and changes it. */
export default function UserPage({ route }: { readonly route: Route }) {
  const [, name = ''] = route.parts;
  const user = useApi<User>(['users', name], { isLive: false });
  const [asked, setAsked] = useState<'change' | 'delete'>();
  const { data } = user;
  return (
    <SpaceBetween size="l">
      <Head
        area={['users', 'Users']}
        parts={[name]}
        title={name}
        description={
          data &&
          (data.tags.length === 0 ? 'No tags' : `Tags: ${data.tags.map(printable).join(', ')}`)
        }
        actions={
          data && (
            <>
              <Button onClick={() => setAsked('change')}>Password and tags</Button>{' '}
              <Button onClick={() => setAsked('delete')}>Delete</Button>
            </>
          )
        }
      />
      <ErrorAlert error={user.error} />
      {user.isLoading && <Spinner size="large" />}
      {data && (
        <SpaceBetween size="l">
          <PermissionTable of={{ user: name }} />
          <TopicPermissionTable user={name} />
        </SpaceBetween>
      )}
      {asked === 'change' && data && <UserForm user={data} onEnd={() => setAsked(undefined)} />}
      {asked === 'delete' && (
        <DeleteDialog
          kind="user"
          name={name}
          path={['users', name]}
          isTyped
          reads={['users']}
          onDone={() => open('users')}
          onEnd={() => setAsked(undefined)}
        >
          The user can no longer log in. Its permissions are deleted.
        </DeleteDialog>
      )}
    </SpaceBetween>
  );
}
