// The bindings of an exchange or a queue: a picture, tables, and a form for a new one.

import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { JsonCell } from '../../broker/facts.tsx';
import type { Column } from '../../broker/list-view.tsx';
import { NameLink } from '../../broker/name.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { type Binding, exchangePart, exchangeText } from '../model.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { ListTable } from '../parts/list-table.tsx';
import { useApi } from '../use-api.ts';
import { BindingGraph, type End } from './binding-graph.tsx';
import { CreateBinding } from './create-binding.tsx';

interface BindingsProps {
  readonly vhost: string;
  readonly of: End;
}

/** The number of bindings that are drawn. */
const drawnCountMax = 100;

/** The path of the bindings on one side. */
function pathOf(vhost: string, { kind, name }: End, side: 'source' | 'destination'): string[] {
  return kind === 'queue'
    ? ['queues', vhost, name, 'bindings']
    : ['exchanges', vhost, exchangePart(name), 'bindings', side];
}

function useBindings(path: readonly string[], isEnabled: boolean) {
  return useApi<{ items: readonly Binding[] }>(path, {
    isEnabled,
    query: { page: 1, page_size: drawnCountMax },
  });
}

/** Shows bindings, adds and removes them. */
export function Bindings({ vhost, of }: BindingsProps) {
  const [isCreating, setCreating] = useState(false);
  const [removed, setRemoved] = useState<Binding>();
  const isExchange = of.kind === 'exchange';
  const incoming = useBindings(pathOf(vhost, of, 'destination'), of.name !== '');
  const outgoing = useBindings(pathOf(vhost, of, 'source'), isExchange);
  const remove = (binding: Binding) =>
    binding.source === '' ? null : (
      <Button
        variant="inline-link"
        ariaLabel={`Remove ${printable(nameOf(binding))}`}
        onClick={() => setRemoved(binding)}
      >
        Remove
      </Button>
    );
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={incoming.error ?? outgoing.error} />
      <Container
        header={
          <Header
            variant="h2"
            actions={
              of.name !== '' && <Button onClick={() => setCreating(true)}>Add binding</Button>
            }
          >
            Bindings
          </Header>
        }
      >
        <BindingGraph
          vhost={vhost}
          center={of}
          incoming={of.name === '' ? [] : (incoming.data?.items ?? [])}
          outgoing={isExchange ? (outgoing.data?.items ?? []) : []}
        />
      </Container>
      {isExchange && (
        <ListTable<Binding>
          title="To"
          description="Where messages go from here."
          path={pathOf(vhost, of, 'source')}
          idOf={idOf}
          empty="No queue or exchange is bound to this exchange."
          hasFilter={false}
          columns={[toColumn(vhost), ...columns(remove)]}
        />
      )}
      {of.name !== '' && (
        <ListTable<Binding>
          title="From"
          description="Where messages come from."
          path={pathOf(vhost, of, 'destination')}
          idOf={idOf}
          empty="It is bound to no exchange."
          hasFilter={false}
          columns={[fromColumn(vhost), ...columns(remove)]}
        />
      )}
      {isCreating && <CreateBinding vhost={vhost} of={of} onEnd={() => setCreating(false)} />}
      {removed && (
        <DeleteDialog
          kind="binding"
          name={nameOf(removed)}
          action="Remove"
          path={[
            ...['bindings', vhost, 'e', exchangePart(removed.source)],
            removed.destination_type === 'queue' ? 'q' : 'e',
            ...[removed.destination, removed.properties_key],
          ]}
          reads={['exchanges', 'queues']}
          onEnd={() => setRemoved(undefined)}
        >
          Messages with the routing key “{printable(removed.routing_key)}” no longer take this way.
        </DeleteDialog>
      )}
    </SpaceBetween>
  );
}

function nameOf({ source, destination }: Binding): string {
  return `${exchangeText(source)} → ${destination}`;
}

function idOf(binding: Binding): string {
  const { source, destination_type: kind, destination, properties_key: key } = binding;
  return JSON.stringify([source, kind, destination, key]);
}

function toColumn(vhost: string): Column<Binding> {
  return {
    id: 'to',
    header: 'Destination',
    sortingField: 'destination',
    isRowHeader: true,
    cell: ({ destination, destination_type: kind }) => (
      <>
        {kind}{' '}
        <NameLink area={kind === 'queue' ? 'queues' : 'exchanges'} parts={[vhost, destination]} />
      </>
    ),
  };
}

function fromColumn(vhost: string): Column<Binding> {
  return {
    id: 'from',
    header: 'Exchange',
    sortingField: 'source',
    isRowHeader: true,
    cell: ({ source }) => (
      <NameLink
        area="exchanges"
        parts={[vhost, exchangePart(source)]}
        text={exchangeText(source)}
      />
    ),
  };
}

function columns(remove: (binding: Binding) => ReactNode): readonly Column<Binding>[] {
  return [
    {
      id: 'key',
      header: 'Routing key',
      sortingField: 'routing_key',
      cell: (each) => printable(each.routing_key),
    },
    {
      id: 'arguments',
      header: 'Arguments',
      cell: (each) => <JsonCell value={each.arguments} />,
    },
    { id: 'actions', header: 'Actions', cell: remove },
  ];
}
