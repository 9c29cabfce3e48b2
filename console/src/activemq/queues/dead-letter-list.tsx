// The queues of dead letters.

import type { Queue } from '../model.ts';
import { ListTable } from '../parts/list-table.tsx';
import { queueColumns } from './queue-columns.tsx';

/** Lists the queues to which the configuration of the broker sends dead letters. */
export default function DeadLetterList() {
  return (
    <ListTable<Queue>
      title="Dead letters"
      description="Open a queue to retry its messages: they go to the destinations from which they came."
      isPage
      list="queues"
      query={{ deadLetters: true }}
      idOf={({ name }) => name}
      empty="There are no queues of dead letters."
      columns={queueColumns}
    />
  );
}
