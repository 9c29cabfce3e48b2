// The columns of lists of queues.

import type { Column } from '../../broker/list-view.tsx';
import { NameLink } from '../../broker/name.tsx';
import { rateText } from '../../broker/numbers.ts';
import type { Queue } from '../model.ts';
import { countColumn } from '../parts/count-column.ts';

/** The name, counts and rates of queues. */
export const queueColumns: readonly Column<Queue>[] = [
  {
    id: 'name',
    width: 260,
    header: 'Name',
    sortingField: 'name',
    isRowHeader: true,
    cell: ({ name }) => <NameLink area="queues" parts={[name]} />,
  },
  countColumn('size', 'Messages'),
  countColumn('inFlightCount', 'In flight'),
  countColumn('consumerCount', 'Consumers'),
  countColumn('enqueueCount', 'Enqueued'),
  countColumn('dequeueCount', 'Dequeued'),
  { id: 'in', header: 'In', cell: ({ enqueueRate }) => rateText(enqueueRate) },
  { id: 'out', header: 'Out', cell: ({ dequeueRate }) => rateText(dequeueRate) },
];
