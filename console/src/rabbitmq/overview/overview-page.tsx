// The overview: messages, objects, nodes and ports.

import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Table from '@cloudscape-design/components/table';
import { countText, rateText } from '../../broker/numbers.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { href } from '../../router.ts';
import type { MessageStats, QueueLengths } from '../model.ts';
import { historyQuery, MessagePlots } from '../parts/rates.tsx';
import { hasRole } from '../session/roles.ts';
import { useApi } from '../use-api.ts';
import { NodeTable } from './node-table.tsx';

interface Listener {
  readonly protocol: string;
  readonly ip_address: string;
  readonly port: number;
}

interface Overview {
  readonly cluster_name: string;
  readonly rabbitmq_version: string;
  readonly erlang_full_version: string;
  readonly message_stats?: MessageStats;
  readonly queue_totals: QueueLengths;
  readonly object_totals: Readonly<Record<string, number>>;
  readonly listeners?: readonly Listener[];
}

/** The pages of the objects that are counted. */
const counted: Readonly<Record<string, string>> = {
  connections: 'Connections',
  channels: 'Channels',
  exchanges: 'Exchanges',
  queues: 'Queues',
};

/** Shows the broker as a whole. */
export default function OverviewPage() {
  const overview = useApi<Overview>(['overview'], { query: historyQuery });
  const { data } = overview;
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={overview.error} />
      {overview.isLoading && <Spinner size="large" />}
      {data && <Totals overview={data} />}
    </SpaceBetween>
  );
}

function Totals({ overview }: { readonly overview: Overview }) {
  const { queue_totals: lengths, object_totals: objects, message_stats: stats } = overview;
  const isMonitor = hasRole('monitoring');
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={`RabbitMQ ${overview.rabbitmq_version}, served by ${overview.erlang_full_version}`}
      >
        {printable(overview.cluster_name)}
      </Header>
      <Container>
        <KeyValuePairs
          columns={4}
          items={[
            { label: 'Messages ready', value: countText(lengths.messages_ready) },
            { label: 'Unacknowledged', value: countText(lengths.messages_unacknowledged) },
            ...(isMonitor
              ? [
                  { label: 'Published', value: rateText(stats?.publish_details?.rate ?? 0) },
                  { label: 'Delivered', value: rateText(stats?.deliver_get_details?.rate ?? 0) },
                ]
              : []),
            ...Object.entries(counted).map(([path, label]) => ({
              label,
              value: <Link href={href(path)}>{countText(objects[path])}</Link>,
            })),
            { label: 'Consumers', value: countText(objects['consumers']) },
          ]}
        />
      </Container>
      {isMonitor ? (
        <SpaceBetween size="l">
          <MessagePlots stats={stats} lengths={lengths} />
          <NodeTable />
          <ListenerTable listeners={overview.listeners ?? []} />
        </SpaceBetween>
      ) : (
        <Box color="text-body-secondary">
          The numbers are those of your virtual hosts. Rates, nodes and ports are shown to users
          with the tag monitoring or administrator.
        </Box>
      )}
    </SpaceBetween>
  );
}

function ListenerTable({ listeners }: { readonly listeners: readonly Listener[] }) {
  return (
    <Table
      items={listeners}
      trackBy={({ port }) => String(port)}
      header={<Header variant="h2">Ports</Header>}
      ariaLabels={{ tableLabel: 'Ports' }}
      columnDefinitions={[
        { id: 'protocol', header: 'Protocol', cell: ({ protocol }) => protocol, isRowHeader: true },
        { id: 'address', header: 'Address', cell: (each) => each.ip_address },
        { id: 'port', header: 'Port', cell: ({ port }) => port },
      ]}
      wrapLines
    />
  );
}
