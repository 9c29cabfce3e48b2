// The list of topics.

import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { NameLink } from '../../broker/name.tsx';
import { countText } from '../../broker/numbers.ts';
import type { Topic } from '../model.ts';
import { CreateDestination } from '../parts/create-destination.tsx';
import { ListTable } from '../parts/list-table.tsx';

/** Lists topics, and creates them. */
export default function TopicList() {
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListTable<Topic>
        title="Topics"
        isPage
        list="topics"
        idOf={({ name }) => name}
        empty="There are no topics."
        actions={<Button onClick={() => setCreating(true)}>Create topic</Button>}
        columns={[
          {
            id: 'name',
            width: 280,
            header: 'Name',
            sortingField: 'name',
            isRowHeader: true,
            cell: ({ name }) => <NameLink area="topics" parts={[name]} />,
          },
          {
            id: 'consumers',
            header: 'Consumers',
            sortingField: 'consumerCount',
            cell: ({ consumerCount }) => countText(consumerCount),
          },
          {
            id: 'size',
            header: 'Waiting',
            sortingField: 'size',
            cell: ({ size }) => countText(size),
          },
          {
            id: 'enqueued',
            header: 'Enqueued',
            sortingField: 'enqueueCount',
            cell: ({ enqueueCount }) => countText(enqueueCount),
          },
          {
            id: 'dequeued',
            header: 'Dequeued',
            sortingField: 'dequeueCount',
            cell: ({ dequeueCount }) => countText(dequeueCount),
          },
        ]}
      />
      {isCreating && <CreateDestination kind="topic" onEnd={() => setCreating(false)} />}
    </>
  );
}
