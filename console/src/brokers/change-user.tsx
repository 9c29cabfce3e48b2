// Changing a user of an ActiveMQ broker.

import { DescribeUserCommand, UpdateUserCommand } from '@aws-sdk/client-mq';
import Checkbox from '@cloudscape-design/components/checkbox';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { LinesField, TextField } from '../parts/fields.tsx';
import { useChange } from '../parts/use-change.ts';
import { mq } from './broker-calls.ts';

interface ChangeUserProps {
  readonly id: string;
  readonly name: string;
  readonly onEnd: () => void;
}

/** Asks for a new password, groups and access to the web console. What stays is not sent. */
export function ChangeUser({ id, name, onEnd }: ChangeUserProps) {
  const [password, setPassword] = useState('');
  const [groups, setGroups] = useState<string>();
  const [hasConsole, setConsole] = useState<boolean>();
  const user = useQuery({
    queryKey: ['user', id, name],
    queryFn: () => settingsOf(id, name),
    // Of what was read for an earlier dialog, nothing is shown.
    gcTime: 0,
    staleTime: 0,
  });
  const change = useChange({
    call: () =>
      mq().send(
        new UpdateUserCommand({
          BrokerId: id,
          Username: name,
          ...(password !== '' && { Password: password }),
          ...(groups !== undefined && { Groups: linesOf(groups) }),
          ...(hasConsole !== undefined && { ConsoleAccess: hasConsole }),
        }),
      ),
    done: `The user ${name} is changed by the next reboot.`,
    reads: ['users', 'user', 'broker'],
    onDone: onEnd,
  });
  const isChanged = password !== '' || groups !== undefined || hasConsole !== undefined;
  return (
    <ConfirmDialog
      title={`Change the user ${name}`}
      action="Change"
      isReady={user.data !== undefined && isChanged}
      change={change}
      onDismiss={onEnd}
    >
      <ErrorAlert error={user.error} />
      {user.isLoading && <Spinner />}
      {user.data && (
        <SpaceBetween size="m">
          <TextField
            label="New password"
            description="12 characters or more, of which 4 differ. If the field is empty, the password stays."
            type="password"
            value={password}
            onChange={setPassword}
          />
          <LinesField
            label="Groups"
            description="One in each line. Permissions of the configuration name them."
            value={groups ?? user.data.groups.join('\n')}
            onChange={setGroups}
          />
          <Checkbox
            checked={hasConsole ?? user.data.hasConsole}
            onChange={({ detail }) => setConsole(detail.checked)}
          >
            May use ActiveMQ's web console
          </Checkbox>
          <div>The user logs in as before until the broker reboots.</div>
        </SpaceBetween>
      )}
    </ConfirmDialog>
  );
}

/** What a user has after the next reboot. */
async function settingsOf(BrokerId: string, Username: string) {
  const user = await mq().send(new DescribeUserCommand({ BrokerId, Username }));
  const { Groups = [], ConsoleAccess = false } = user.Pending ?? user;
  return { groups: Groups, hasConsole: ConsoleAccess };
}

/** The lines of a text without spaces around them, and without empty ones. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
