// The columns of lists of queues.

import type { Column } from '../../broker/list-view.tsx';
import { NameLink } from '../../broker/name.tsx';
import { countText, rateText } from '../../broker/numbers.ts';
import type { Queue } from '../model.ts';

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
  {
    id: 'size',
    header: 'Messages',
    sortingField: 'size',
    cell: ({ size }) => countText(size),
  },
  {
    id: 'inFlight',
    header: 'In flight',
    sortingField: 'inFlightCount',
    cell: ({ inFlightCount }) => countText(inFlightCount),
  },
  {
    id: 'consumers',
    header: 'Consumers',
    sortingField: 'consumerCount',
    cell: ({ consumerCount }) => countText(consumerCount),
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
  { id: 'in', header: 'In', cell: ({ enqueueRate }) => rateText(enqueueRate) },
  { id: 'out', header: 'Out', cell: ({ dequeueRate }) => rateText(dequeueRate) },
];
