// The list of scheduled messages.

import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { ActionDialog } from '../../broker/action-dialog.tsx';
import { bytesText } from '../../broker/numbers.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { printable } from '../../parts/printable.ts';
import { Time } from '../../parts/time.tsx';
import { act, get } from '../api.ts';
import type { ScheduledMessage } from '../model.ts';

/** Number of messages on a page. */
const pageSize = 50;

interface Listed {
  readonly messages: readonly ScheduledMessage[];
  readonly next: number | null;
}

/** Lists scheduled messages, and removes them. */
export default function ScheduledList() {
  const [removed, setRemoved] = useState<ScheduledMessage>();
  return (
    <>
      <PagedTable<ScheduledMessage>
        title="Scheduled messages"
        description="Those to destinations that you may read or delete, in the order of their storage. A page may have fewer."
        isPage
        queryKey={['scheduled']}
        load={async (after) => {
          const { messages, next } = await get<Listed>(['scheduled'], { count: pageSize, after });
          return { items: messages, next: next === null ? undefined : String(next) };
        }}
        idOf={({ jobId }) => jobId}
        empty="There are no scheduled messages here."
        refreshMs={() => 5000}
        columns={[
          { id: 'job', width: 200, header: 'Job', isRowHeader: true, cell: ({ jobId }) => jobId },
          {
            id: 'next',
            width: 190,
            header: 'Next delivery',
            cell: ({ nextAtMs }) => <Time at={new Date(nextAtMs)} />,
          },
          {
            id: 'destination',
            width: 240,
            header: 'Destination',
            cell: ({ destination }) => printable(destination),
          },
          {
            id: 'id',
            width: 280,
            header: 'Message ID',
            cell: ({ messageId }) => printable(messageId ?? '') || '–',
          },
          { id: 'size', header: 'Body', cell: ({ bodyBytes }) => bytesText(bodyBytes) },
          {
            id: 'actions',
            header: 'Actions',
            cell: (message) => (
              <Button
                variant="inline-link"
                ariaLabel={`Delete ${message.jobId}`}
                onClick={() => setRemoved(message)}
              >
                Delete
              </Button>
            ),
          },
        ]}
      />
      {removed && (
        <ActionDialog
          kind="scheduled message"
          name={removed.jobId}
          call={() => act('deleteJob', { jobId: removed.jobId })}
          reads={['scheduled', 'overview']}
          onEnd={() => setRemoved(undefined)}
        >
          The message to {printable(removed.destination)} is not delivered any more.
        </ActionDialog>
      )}
    </>
  );
}
