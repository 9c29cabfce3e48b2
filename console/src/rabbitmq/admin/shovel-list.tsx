// The list of shovels.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { countText } from '../../broker/numbers.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import { exchangeText, type Shovel } from '../model.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { ListTable } from '../parts/list-table.tsx';
import { hasRole } from '../session/roles.ts';

/** Lists shovels, restarts and deletes them. */
export default function ShovelList() {
  const [deleted, setDeleted] = useState<Shovel>();
  const mayChange = hasRole('policymaker');
  const restart = useChange({
    call: ({ vhost, name }: Shovel) => call('DELETE', ['shovels', 'vhost', vhost, name, 'restart']),
    done: ({ name }) => `The shovel ${printable(name)} starts again.`,
    reads: ['shovels'],
  });
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={restart.error} />
      <ListTable<Shovel>
        title="Shovels"
        description="They move messages between queues and exchanges, including of other brokers."
        isPage
        isOfVhosts
        path={['shovels']}
        idOf={({ vhost, name }) => JSON.stringify([vhost, name])}
        empty="There are no shovels."
        columns={[
          {
            id: 'name',
            header: 'Name',
            sortingField: 'name',
            isRowHeader: true,
            cell: ({ name }) => printable(name),
          },
          {
            id: 'vhost',
            header: 'Virtual host',
            sortingField: 'vhost',
            cell: ({ vhost }) => printable(vhost),
          },
          { id: 'state', header: 'State', sortingField: 'state', cell: stateOf },
          {
            id: 'from',
            header: 'From',
            cell: (shovel) => endOf(shovel.src_queue, shovel.src_exchange, shovel.src_uri),
          },
          {
            id: 'to',
            header: 'To',
            cell: (shovel) => endOf(shovel.dest_queue, shovel.dest_exchange, shovel.dest_uri),
          },
          {
            id: 'moved',
            header: 'Moved',
            sortingField: 'forwarded',
            cell: ({ forwarded }) => countText(forwarded),
          },
          ...(mayChange
            ? [
                {
                  id: 'actions',
                  header: 'Actions',
                  cell: (shovel: Shovel) => (
                    <SpaceBetween direction="horizontal" size="xs">
                      <Button
                        variant="inline-link"
                        ariaLabel={`Restart ${printable(shovel.name)}`}
                        onClick={() => restart.mutate(shovel)}
                      >
                        Restart
                      </Button>
                      <Button
                        variant="inline-link"
                        ariaLabel={`Delete ${printable(shovel.name)}`}
                        onClick={() => setDeleted(shovel)}
                      >
                        Delete
                      </Button>
                    </SpaceBetween>
                  ),
                },
              ]
            : []),
        ]}
      />
      {deleted && (
        <DeleteDialog
          kind="shovel"
          name={deleted.name}
          path={['shovels', 'vhost', deleted.vhost, deleted.name]}
          reads={['shovels']}
          onEnd={() => setDeleted(undefined)}
        >
          It moves no more messages. Those that it has moved stay where they are.
        </DeleteDialog>
      )}
    </SpaceBetween>
  );
}

function stateOf({ state, reason }: Shovel) {
  const type = state === 'running' ? 'success' : state === 'terminated' ? 'error' : 'in-progress';
  return (
    <>
      <StatusIndicator type={type}>{state}</StatusIndicator>
      {reason !== undefined && <div>{printable(String(reason))}</div>}
    </>
  );
}

function endOf(queue: string | undefined, exchange: string | undefined, uri = ''): string {
  const place = uri === '' ? '' : ` at ${printable(uri)}`;
  if (queue !== undefined) return `queue ${printable(queue)}${place}`;
  if (exchange !== undefined) return `exchange ${printable(exchangeText(exchange))}${place}`;
  return place === '' ? '–' : place.trim();
}
