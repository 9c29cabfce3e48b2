// Consumers of queues and topics.

import { featuresText } from '../../broker/facts.tsx';
import { NameLink } from '../../broker/name.tsx';
import { countText } from '../../broker/numbers.ts';
import type { Query } from '../../broker/request.ts';
import { printable } from '../../parts/printable.ts';
import type { Consumer } from '../model.ts';
import { countColumn } from '../parts/count-column.ts';
import { ListTable } from '../parts/list-table.tsx';

interface ConsumerTableProps {
  /** Which consumers; by default all. */
  readonly query?: Query;
  readonly title?: string;
  readonly isPage?: boolean;
}

/** Lists consumers. */
export function ConsumerTable({
  query = {},
  title = 'Consumers',
  isPage = false,
}: ConsumerTableProps) {
  return (
    <ListTable<Consumer>
      title={title}
      isPage={isPage}
      list="consumers"
      query={query}
      idOf={(consumer) => JSON.stringify(consumer)}
      empty="There are no consumers."
      columns={[
        {
          id: 'destinations',
          width: 280,
          header: 'Destinations',
          sortingField: 'destinations',
          isRowHeader: true,
          cell: ({ destinations, destinationCount }) => {
            const more = destinationCount - destinations.length;
            return printable(destinations.join(', ')) + (more > 0 ? `, and ${more} more` : '');
          },
        },
        {
          id: 'connection',
          width: 260,
          header: 'Connection',
          sortingField: 'connectionId',
          cell: ({ connectionId }) =>
            connectionId === null ? '–' : <NameLink area="connections" parts={[connectionId]} />,
        },
        {
          id: 'subscription',
          width: 150,
          header: 'Durable name',
          cell: ({ subscriptionName }) => printable(subscriptionName ?? '') || '–',
        },
        {
          id: 'selector',
          width: 150,
          header: 'Selector',
          cell: ({ selector }) => (selector === null ? '–' : printable(selector)),
        },
        countColumn('inFlightCount', 'In flight'),
        {
          id: 'prefetch',
          header: 'Prefetch',
          sortingField: 'prefetch',
          cell: ({ prefetch }) => (prefetch === null ? 'no limit' : countText(prefetch)),
        },
        {
          id: 'priority',
          header: 'Priority',
          sortingField: 'priority',
          cell: ({ priority }) => priority,
        },
        {
          id: 'features',
          header: 'Features',
          cell: ({ isExclusive, isNoLocal }) =>
            featuresText({ exclusive: isExclusive, noLocal: isNoLocal }),
        },
      ]}
    />
  );
}
