// The list of queues and streams.

import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { featuresText } from '../../broker/facts.tsx';
import { NameLink } from '../../broker/name.tsx';
import { countText, rateText } from '../../broker/numbers.ts';
import { printable } from '../../parts/printable.ts';
import type { Queue } from '../model.ts';
import { ListTable } from '../parts/list-table.tsx';
import { CreateQueue } from './create-queue.tsx';

/** Lists queues, and creates them. */
export default function QueueList() {
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListTable<Queue>
        title="Queues and streams"
        isPage
        isOfVhosts
        path={['queues']}
        idOf={({ vhost, name }) => JSON.stringify([vhost, name])}
        empty="There are no queues."
        actions={<Button onClick={() => setCreating(true)}>Create queue</Button>}
        columns={[
          {
            id: 'name',
            width: 240,
            header: 'Name',
            sortingField: 'name',
            isRowHeader: true,
            cell: ({ vhost, name }) => <NameLink area="queues" parts={[vhost, name]} />,
          },
          {
            id: 'vhost',
            width: 110,
            header: 'Virtual host',
            sortingField: 'vhost',
            cell: ({ vhost }) => printable(vhost),
          },
          {
            id: 'type',
            width: 100,
            header: 'Type',
            sortingField: 'type',
            cell: ({ type }) => type,
          },
          {
            id: 'features',
            width: 110,
            header: 'Features',
            cell: ({ durable, exclusive, auto_delete }) =>
              featuresText({ durable, exclusive, 'auto-delete': auto_delete }),
          },
          {
            id: 'ready',
            width: 100,
            header: 'Ready',
            sortingField: 'messages_ready',
            cell: (queue) => countText(queue.messages_ready),
          },
          {
            id: 'unacked',
            width: 185,
            header: 'Unacknowledged',
            sortingField: 'messages_unacknowledged',
            cell: (queue) => countText(queue.messages_unacknowledged),
          },
          {
            id: 'consumers',
            width: 145,
            header: 'Consumers',
            sortingField: 'consumers',
            cell: ({ consumers }) => countText(consumers),
          },
          {
            id: 'in',
            width: 100,
            header: 'In',
            sortingField: 'message_stats.publish_details.rate',
            cell: ({ message_stats: stats }) => rateText(stats?.publish_details?.rate),
          },
          {
            id: 'out',
            width: 100,
            header: 'Out',
            sortingField: 'message_stats.deliver_get_details.rate',
            cell: ({ message_stats: stats }) => rateText(stats?.deliver_get_details?.rate),
          },
        ]}
      />
      {isCreating && <CreateQueue onEnd={() => setCreating(false)} />}
    </>
  );
}
