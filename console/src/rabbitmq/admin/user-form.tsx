// The form for a user.

import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import type { User } from '../model.ts';

interface UserFormProps {
  /** The user who is changed; a new one if it is left out. */
  readonly user?: User;
  readonly onEnd: () => void;
}

const knownTags: Readonly<Record<string, string>> = {
  administrator: 'administrator: everything',
  monitoring: 'monitoring: sees all virtual hosts, connections and nodes',
  policymaker: 'policymaker: also sets policies and shovels',
  management: 'management: uses this console, with the permissions of the user',
};

/** Creates a user, or sets its password and tags. */
export function UserForm({ user, onEnd }: UserFormProps) {
  const [name, setName] = useState(user?.name ?? '');
  const [password, setPassword] = useState('');
  const [hasPassword, setHasPassword] = useState(true);
  const [tags, setTags] = useState<readonly string[]>(user?.tags ?? []);
  const save = useChange({
    call: () => call('PUT', ['users', name], { body: { tags, ...(hasPassword && { password }) } }),
    done: () =>
      user === undefined
        ? `The user ${printable(name)} is created. Give it permissions.`
        : `The user ${printable(name)} is changed.`,
    reads: ['users'],
    onDone: onEnd,
  });
  const toggle = (tag: string, isSet: boolean) =>
    setTags(isSet ? [...tags, tag] : tags.filter((each) => each !== tag));
  return (
    <ConfirmDialog
      title={user === undefined ? 'Create user' : `Change ${printable(user.name)}`}
      action={user === undefined ? 'Create' : 'Save'}
      change={save}
      isReady={name !== '' && (!hasPassword || password !== '')}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        {user === undefined && <TextField label="Name" value={name} onChange={setName} />}
        <Checkbox
          checked={!hasPassword}
          description="For users who log in with a certificate only."
          onChange={({ detail }) => setHasPassword(!detail.checked)}
        >
          No password
        </Checkbox>
        {hasPassword && (
          <TextField
            label="New password"
            type="password"
            description={user && 'Passwords cannot be read, so that tags are set with a new one.'}
            value={password}
            onChange={setPassword}
          />
        )}
        <FormField label="Tags">
          {Object.entries(knownTags).map(([tag, text]) => (
            <Checkbox
              key={tag}
              checked={tags.includes(tag)}
              onChange={({ detail }) => toggle(tag, detail.checked)}
            >
              {text}
            </Checkbox>
          ))}
        </FormField>
      </SpaceBetween>
    </ConfirmDialog>
  );
}
