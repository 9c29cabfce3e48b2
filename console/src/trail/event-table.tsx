// A table of events of the trail.

import Link from '@cloudscape-design/components/link';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import { type ReactNode, useState } from 'react';
import { JsonDialog } from '../parts/json-dialog.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { printable } from '../parts/printable.ts';
import { StoredText } from '../parts/stored-text.tsx';
import { Time } from '../parts/time.tsx';
import { type EventSearch, lookUpEvents, type TrailEvent, whoOf } from './events.ts';

interface EventTableProps {
  readonly title: string;
  readonly description?: ReactNode;
  readonly search: EventSearch;
  readonly filter?: ReactNode;
  readonly isPage?: boolean;
}

/** Lists events, the newest first, and shows one in full. */
export function EventTable({
  title,
  description,
  search,
  filter,
  isPage = false,
}: EventTableProps) {
  const [shown, setShown] = useState<TrailEvent>();
  const columns: readonly TableProps.ColumnDefinition<TrailEvent>[] = [
    { id: 'time', header: 'Time', width: 130, cell: (item) => <Time at={item.at} /> },
    {
      id: 'name',
      header: 'Event',
      width: 250,
      isRowHeader: true,
      cell: (item) => (
        <Link
          href="#"
          onFollow={(event) => {
            event.preventDefault();
            setShown(item);
          }}
        >
          {printable(item.name)}
        </Link>
      ),
    },
    { id: 'who', header: 'Who', width: 150, cell: whoOf },
    { id: 'outcome', header: 'Outcome', width: 130, cell: outcomeOf },
    { id: 'tls', header: 'TLS', width: 260, cell: tlsOf },
    { id: 'from', header: 'From', cell: (item) => item.record.sourceIPAddress ?? '–' },
  ];
  return (
    <>
      <PagedTable
        isPage={isPage}
        title={title}
        description={description}
        queryKey={['events', search]}
        load={(token) => lookUpEvents(search, token)}
        columns={columns}
        idOf={({ id }) => id}
        empty="There are no such events."
        filter={filter}
      />
      {shown && (
        <JsonDialog title={shown.name} text={shown.text} onEnd={() => setShown(undefined)} />
      )}
    </>
  );
}

function outcomeOf({ record: { errorCode, errorMessage } }: TrailEvent): ReactNode {
  // The service asks whether it may still use a key without using it.
  if (errorCode === 'DryRunOperationException') {
    return <StatusIndicator type="info">Permitted (dry run)</StatusIndicator>;
  }
  if (errorCode === undefined && errorMessage === undefined) {
    return <StatusIndicator type="success">Done</StatusIndicator>;
  }
  return (
    <StatusIndicator type="error">
      <StoredText text={errorCode ?? errorMessage ?? ''} />
    </StatusIndicator>
  );
}

function tlsOf({ record: { tlsDetails } }: TrailEvent): string {
  if (tlsDetails === undefined) return '–';
  return `${tlsDetails.tlsVersion} ${tlsDetails.cipherSuite}`;
}
