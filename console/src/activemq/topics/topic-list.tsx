// The list of topics.

import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { NameLink } from '../../broker/name.tsx';
import type { Topic } from '../model.ts';
import { countColumn } from '../parts/count-column.ts';
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
          countColumn('consumerCount', 'Consumers'),
          countColumn('size', 'Waiting'),
          countColumn('enqueueCount', 'Enqueued'),
          countColumn('dequeueCount', 'Dequeued'),
        ]}
      />
      {isCreating && <CreateDestination kind="topic" onEnd={() => setCreating(false)} />}
    </>
  );
}
