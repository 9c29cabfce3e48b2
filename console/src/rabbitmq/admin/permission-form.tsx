// The form for permissions of a user in a virtual host.

import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import type { Permission } from '../model.ts';
import { useVhostChoice, VhostSelect } from '../parts/vhost-select.tsx';
import type { PermissionsOf } from './permission-table.tsx';

interface PermissionFormProps {
  readonly of: PermissionsOf;
  /** The permissions that are changed; new ones if they are left out. */
  readonly permission?: Permission;
  readonly onEnd: () => void;
}

/** Sets permissions. */
export function PermissionForm({ of, permission, onEnd }: PermissionFormProps) {
  const [chosen, setVhost] = useVhostChoice();
  const [named, setUser] = useState('');
  const vhost = permission?.vhost ?? ('vhost' in of ? of.vhost : chosen);
  const user = permission?.user ?? ('user' in of ? of.user : named);
  const [configure, setConfigure] = useState(permission?.configure ?? '.*');
  const [write, setWrite] = useState(permission?.write ?? '.*');
  const [read, setRead] = useState(permission?.read ?? '.*');
  const save = useChange({
    call: () => call('PUT', ['permissions', vhost, user], { body: { configure, write, read } }),
    done: () => `The permissions of ${printable(user)} in ${printable(vhost)} are set.`,
    reads: ['users', 'vhosts'],
    onDone: onEnd,
  });
  const isNew = permission === undefined;
  return (
    <ConfirmDialog
      title={isNew ? 'Set permissions' : `Permissions of ${printable(user)} in ${printable(vhost)}`}
      action="Set permissions"
      change={save}
      isReady={vhost !== '' && user !== ''}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        {isNew && 'user' in of && (
          <FormField label="Virtual host">
            <VhostSelect value={chosen} onChange={setVhost} />
          </FormField>
        )}
        {isNew && 'vhost' in of && <TextField label="User" value={named} onChange={setUser} />}
        <TextField
          label="Configure"
          description="Create and delete queues and exchanges with these names."
          value={configure}
          onChange={setConfigure}
        />
        <TextField
          label="Write"
          description="Publish to these exchanges."
          value={write}
          onChange={setWrite}
        />
        <TextField
          label="Read"
          description="Consume from these queues."
          value={read}
          onChange={setRead}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
