// The page of a group of logs: its streams and its lines.

import { DescribeLogStreamsCommand, type LogStream } from '@aws-sdk/client-cloudwatch-logs';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import Tabs from '@cloudscape-design/components/tabs';
import { Crumbs } from '../parts/crumbs.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { printable } from '../parts/printable.ts';
import { Time } from '../parts/time.tsx';
import { href, type Route } from '../router.ts';
import { logs } from './log-calls.ts';
import { LogTail } from './log-tail.tsx';

/** Shows a group of logs. */
export default function LogPage({ route }: { readonly route: Route }) {
  const [, name = ''] = route.parts;
  return (
    <SpaceBetween size="l">
      <Crumbs
        items={[
          { text: 'Logs', href: href('logs') },
          { text: name, href: href('logs', name) },
        ]}
      />
      <Header variant="h1">{printable(name)}</Header>
      <Tabs
        tabs={[
          { id: 'lines', label: 'Lines', content: <LogTail group={name} /> },
          { id: 'streams', label: 'Streams', content: <Streams group={name} /> },
        ]}
      />
    </SpaceBetween>
  );
}

const at = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms));

const columns: readonly TableProps.ColumnDefinition<LogStream>[] = [
  { id: 'name', header: 'Stream', isRowHeader: true, cell: (item) => item.logStreamName },
  { id: 'first', header: 'First line', cell: (item) => <Time at={at(item.firstEventTimestamp)} /> },
  { id: 'last', header: 'Last line', cell: (item) => <Time at={at(item.lastEventTimestamp)} /> },
];

function Streams({ group }: { readonly group: string }) {
  return (
    <PagedTable
      title="Streams"
      queryKey={['log-streams', group]}
      load={async (nextToken) => {
        const command = new DescribeLogStreamsCommand({
          logGroupName: group,
          limit: 25,
          nextToken,
        });
        const page = await logs().send(command);
        return { items: page.logStreams ?? [], next: page.nextToken };
      }}
      columns={columns}
      idOf={({ logStreamName = '' }) => logStreamName}
      empty="There are no streams."
    />
  );
}
