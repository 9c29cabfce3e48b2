// The consumers of a queue or a channel.

import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { featuresText, JsonCell } from '../../broker/facts.tsx';
import { NameLink } from '../../broker/name.tsx';
import { countText } from '../../broker/numbers.ts';
import { printable } from '../../parts/printable.ts';
import type { Consumer } from '../model.ts';

interface ConsumerTableProps {
  readonly consumers: readonly Consumer[];
  /** What else of a consumer is shown. */
  readonly shows: 'queue' | 'channel';
}

/** Shows consumers. */
export function ConsumerTable({ consumers, shows }: ConsumerTableProps) {
  return (
    <Table
      items={consumers}
      trackBy={(each) => `${each.channel_details.name} ${each.consumer_tag}`}
      header={
        <Header variant="h2" counter={`(${consumers.length})`}>
          Consumers
        </Header>
      }
      ariaLabels={{ tableLabel: 'Consumers' }}
      empty={<Box textAlign="center">There are no consumers.</Box>}
      wrapLines
      columnDefinitions={[
        {
          id: 'tag',
          header: 'Tag',
          isRowHeader: true,
          cell: (each) => printable(each.consumer_tag),
        },
        shows === 'queue'
          ? {
              id: 'queue',
              header: 'Queue',
              cell: ({ queue: { vhost, name } }) => (
                <NameLink area="queues" parts={[vhost, name]} />
              ),
            }
          : {
              id: 'channel',
              header: 'Channel',
              cell: (each) => <NameLink area="channels" parts={[each.channel_details.name]} />,
            },
        {
          id: 'features',
          header: 'Features',
          cell: (each) =>
            featuresText({
              acknowledges: each.ack_required,
              exclusive: each.exclusive,
              waiting: !each.active,
            }),
        },
        { id: 'prefetch', header: 'Prefetch', cell: (each) => countText(each.prefetch_count) },
        {
          id: 'arguments',
          header: 'Arguments',
          cell: (each) => <JsonCell value={each.arguments} />,
        },
      ]}
    />
  );
}
