// The list of queues.

import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import type { Queue } from '../model.ts';
import { CreateDestination } from '../parts/create-destination.tsx';
import { ListTable } from '../parts/list-table.tsx';
import { queueColumns } from './queue-columns.tsx';

/** Lists queues, and creates them. */
export default function QueueList() {
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListTable<Queue>
        title="Queues"
        isPage
        list="queues"
        idOf={({ name }) => name}
        empty="There are no queues."
        actions={<Button onClick={() => setCreating(true)}>Create queue</Button>}
        columns={queueColumns}
      />
      {isCreating && <CreateDestination kind="queue" onEnd={() => setCreating(false)} />}
    </>
  );
}
