// The users of a broker.

import {
  CreateUserCommand,
  DeleteUserCommand,
  ListUsersCommand,
  type UserSummary,
} from '@aws-sdk/client-mq';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { useChange } from '../parts/use-change.ts';
import { type Broker, mq } from './broker-calls.ts';
import { words } from './broker-state.tsx';
import { ChangeUser } from './change-user.tsx';

/** The users of a broker. Those of RabbitMQ brokers are administered in the broker. */
export function BrokerUsers({ broker }: { readonly broker: Broker }) {
  if (broker.EngineType?.toUpperCase() === 'ACTIVEMQ') {
    return <UserTable id={broker.BrokerId ?? ''} />;
  }
  const [url] = (broker.BrokerInstances ?? []).map((each) => each.ConsoleURL);
  return (
    <Alert type="info" header="Users of a RabbitMQ broker are administered in the broker">
      As in Amazon MQ, the first user comes from the request that creates the broker. Further users
      and their permissions are made in the broker's own console, or with its management API
      {url === undefined ? ', while it runs.' : ': '}
      {url !== undefined && (
        <Link href={`${url}/#/users`} external externalIconAriaLabel="Opens in a new tab">
          {url}
        </Link>
      )}
    </Alert>
  );
}

function UserTable({ id }: { readonly id: string }) {
  const [isAdding, setAdding] = useState(false);
  const [changed, setChanged] = useState<string>();
  const [removed, setRemoved] = useState<string>();
  const columns: readonly TableProps.ColumnDefinition<UserSummary>[] = [
    { id: 'name', header: 'User name', cell: (user) => user.Username, isRowHeader: true },
    {
      id: 'pending',
      header: 'Pending change',
      cell: (user) => (user.PendingChange ? words(user.PendingChange) : '–'),
    },
    {
      id: 'actions',
      header: 'Actions',
      cell: ({ Username = '', PendingChange }) => (
        <SpaceBetween direction="horizontal" size="s">
          {PendingChange !== 'DELETE' && (
            <Button
              variant="inline-link"
              ariaLabel={`Change the user ${Username}`}
              onClick={() => setChanged(Username)}
            >
              Change
            </Button>
          )}
          <Button
            variant="inline-link"
            ariaLabel={`Delete the user ${Username}`}
            onClick={() => setRemoved(Username)}
          >
            Delete
          </Button>
        </SpaceBetween>
      ),
    },
  ];
  return (
    <>
      <PagedTable
        title="Users"
        description="Changes take effect after a reboot."
        queryKey={['users', id]}
        load={async (NextToken) => {
          const command = new ListUsersCommand({ BrokerId: id, MaxResults: 25, NextToken });
          const page = await mq().send(command);
          return { items: page.Users ?? [], next: page.NextToken };
        }}
        columns={columns}
        idOf={({ Username = '' }) => Username}
        empty="There are no users."
        actions={<Button onClick={() => setAdding(true)}>Create user</Button>}
      />
      {isAdding && <AddUser id={id} onEnd={() => setAdding(false)} />}
      {changed !== undefined && (
        <ChangeUser id={id} name={changed} onEnd={() => setChanged(undefined)} />
      )}
      {removed !== undefined && (
        <DeleteUser id={id} name={removed} onEnd={() => setRemoved(undefined)} />
      )}
    </>
  );
}

interface AddUserProps {
  readonly id: string;
  readonly onEnd: () => void;
}

function AddUser({ id, onEnd }: AddUserProps) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [hasConsole, setConsole] = useState(false);
  const add = useChange({
    call: () =>
      mq().send(
        new CreateUserCommand({
          BrokerId: id,
          Username: name,
          Password: password,
          ConsoleAccess: hasConsole,
        }),
      ),
    done: `The user ${name} is created by the next reboot.`,
    reads: ['users', 'broker'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Create user"
      action="Create user"
      isReady={name !== '' && password !== ''}
      change={add}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <FormField label="User name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} autoComplete="off" />
        </FormField>
        <FormField label="Password" description="12 characters or more, of which 4 differ.">
          <Input
            type="password"
            value={password}
            onChange={({ detail }) => setPassword(detail.value)}
            autoComplete="new-password"
          />
        </FormField>
        <Checkbox checked={hasConsole} onChange={({ detail }) => setConsole(detail.checked)}>
          May use ActiveMQ's web console
        </Checkbox>
      </SpaceBetween>
    </ConfirmDialog>
  );
}

function DeleteUser({ id, name, onEnd }: AddUserProps & { readonly name: string }) {
  const remove = useChange({
    call: () => mq().send(new DeleteUserCommand({ BrokerId: id, Username: name })),
    done: `The user ${name} is deleted by the next reboot.`,
    reads: ['users', 'broker'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Delete the user ${name}`}
      action="Delete"
      change={remove}
      onDismiss={onEnd}
    >
      The user can log in until the broker reboots.
    </ConfirmDialog>
  );
}
