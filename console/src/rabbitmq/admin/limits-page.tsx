// Limits of virtual hosts and users.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import { countText } from '../../broker/numbers.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { ChoiceField, TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { useVhostChoice, VhostSelect } from '../parts/vhost-select.tsx';
import { hasRole } from '../session/roles.ts';
import { useApi } from '../use-api.ts';

type Kind = 'vhost-limits' | 'user-limits';

/** The limits of one virtual host or user. */
interface Limits {
  readonly vhost?: string;
  readonly user?: string;
  readonly value: Readonly<Record<string, number>>;
}

interface Limit {
  readonly of: string;
  readonly name: string;
  readonly value: number;
}

const names: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  'vhost-limits': { 'max-connections': 'Connections', 'max-queues': 'Queues' },
  'user-limits': { 'max-connections': 'Connections', 'max-channels': 'Channels' },
};

/** Shows limits, and changes them. */
export default function LimitsPage() {
  return (
    <SpaceBetween size="l">
      <Header variant="h1">Limits</Header>
      <LimitTable kind="vhost-limits" title="Limits of virtual hosts" of="Virtual host" />
      <LimitTable kind="user-limits" title="Limits of users" of="User" />
    </SpaceBetween>
  );
}

interface LimitTableProps {
  readonly kind: Kind;
  readonly title: string;
  readonly of: string;
}

function LimitTable({ kind, title, of }: LimitTableProps) {
  const list = useApi<readonly Limits[]>([kind], { isLive: false });
  const [isSetting, setSetting] = useState(false);
  const [cleared, setCleared] = useState<Limit>();
  const isAdministrator = hasRole('administrator');
  const items = (list.data ?? []).flatMap(({ vhost, user, value }) =>
    Object.entries(value).map(([name, limit]) => ({
      of: vhost ?? user ?? '',
      name,
      value: limit,
    })),
  );
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={list.error} />
      <Table<Limit>
        items={items}
        trackBy={(limit) => JSON.stringify([limit.of, limit.name])}
        loading={list.isLoading}
        loadingText="Loading"
        ariaLabels={{ tableLabel: title }}
        wrapLines
        header={
          <Header
            variant="h2"
            actions={isAdministrator && <Button onClick={() => setSetting(true)}>Set limit</Button>}
          >
            {title}
          </Header>
        }
        empty={<Box textAlign="center">There are no limits.</Box>}
        columnDefinitions={[
          { id: 'of', header: of, cell: (limit) => printable(limit.of), isRowHeader: true },
          { id: 'name', header: 'Limit', cell: ({ name }) => names[kind][name] ?? name },
          { id: 'value', header: 'At most', cell: ({ value }) => countText(value) },
          ...(isAdministrator
            ? [
                {
                  id: 'actions',
                  header: 'Actions',
                  cell: (limit: Limit) => (
                    <Button
                      variant="inline-link"
                      ariaLabel={`Clear limit of ${printable(limit.of)}: ${limit.name}`}
                      onClick={() => setCleared(limit)}
                    >
                      Clear
                    </Button>
                  ),
                },
              ]
            : []),
        ]}
      />
      {isSetting && <LimitForm kind={kind} of={of} onEnd={() => setSetting(false)} />}
      {cleared && (
        <DeleteDialog
          kind="limit"
          name={cleared.of}
          path={[kind, cleared.of, cleared.name]}
          action="Clear limit of"
          done="The limit is cleared."
          reads={[kind]}
          onEnd={() => setCleared(undefined)}
        >
          {names[kind][cleared.name] ?? cleared.name} are no longer limited there.
        </DeleteDialog>
      )}
    </SpaceBetween>
  );
}

interface LimitFormProps {
  readonly kind: Kind;
  readonly of: string;
  readonly onEnd: () => void;
}

function LimitForm({ kind, of, onEnd }: LimitFormProps) {
  const [vhost, setVhost] = useVhostChoice();
  const [user, setUser] = useState('');
  const [name, setName] = useState('max-connections');
  const [value, setValue] = useState('');
  const target = kind === 'vhost-limits' ? vhost : user;
  const isWhole = /^\d{1,9}$/.test(value);
  const save = useChange({
    call: () => call('PUT', [kind, target, name], { body: { value: Number(value) } }),
    done: 'The limit is set.',
    reads: [kind],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Set limit"
      action="Set limit"
      change={save}
      isReady={target !== '' && isWhole}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        {kind === 'vhost-limits' ? (
          <FormField label={of}>
            <VhostSelect value={vhost} onChange={setVhost} />
          </FormField>
        ) : (
          <TextField label={of} value={user} onChange={setUser} />
        )}
        <ChoiceField label="Limit" value={name} onChange={setName} choices={names[kind]} />
        <TextField label="At most" type="number" value={value} onChange={setValue} />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
