// The messages of a queue, read without taking them.

import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { bytesText } from '../../broker/numbers.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { printable } from '../../parts/printable.ts';
import { Time } from '../../parts/time.tsx';
import { get } from '../api.ts';
import type { QueuedMessage } from '../model.ts';
import { type MessageAction, MessageActions } from './message-actions.tsx';
import { MessageDialog } from './message-dialog.tsx';

/** Number of messages on a page. */
const pageSize = 25;

interface MessageTableProps {
  readonly queue: string;
  /** Whether messages can be retried. */
  readonly hasRetry: boolean;
}

/** A message that was chosen, and what shall happen to it. */
interface Chosen {
  readonly message: QueuedMessage;
  readonly action?: MessageAction;
}

interface Browsed {
  readonly messages: readonly QueuedMessage[];
  readonly next: number | null;
}

/** Lists the messages of a queue, and opens one of them. */
export function MessageTable({ queue, hasRetry }: MessageTableProps) {
  const [chosen, setChosen] = useState<Chosen>();
  const end = () => setChosen(undefined);
  return (
    <>
      <PagedTable<QueuedMessage>
        title="Queued messages"
        description="Also those that consumers have. Browsing leaves them as they are."
        queryKey={['messages', queue]}
        load={async (token) => {
          const query = { count: pageSize, from: token };
          const { messages, next } = await get<Browsed>(['queues', queue, 'messages'], query);
          return { items: messages, next: next === null ? undefined : String(next) };
        }}
        idOf={({ sequence }) => String(sequence)}
        empty="The queue is empty."
        columns={[
          {
            id: 'number',
            width: 110,
            header: 'Number',
            isRowHeader: true,
            cell: (message) => (
              <Button
                variant="inline-link"
                ariaLabel={`Open message ${message.sequence}`}
                onClick={() => setChosen({ message })}
              >
                {String(message.sequence)}
              </Button>
            ),
          },
          {
            id: 'id',
            width: 280,
            header: 'Message ID',
            cell: ({ messageId }) => printable(messageId ?? '') || '–',
          },
          {
            id: 'received',
            width: 190,
            header: 'Received',
            cell: ({ receivedAtMs }) => <Time at={new Date(receivedAtMs)} />,
          },
          {
            id: 'size',
            width: 100,
            header: 'Body',
            cell: ({ bodyBytes }) => bytesText(bodyBytes),
          },
          { id: 'priority', width: 110, header: 'Priority', cell: ({ priority }) => priority },
          {
            id: 'properties',
            width: 260,
            header: 'Properties',
            cell: ({ properties }) =>
              Object.entries(properties)
                .map(([name, value]) => `${name}=${value}`)
                .join(', ') || '–',
          },
        ]}
      />
      {chosen && chosen.action === undefined && (
        <MessageDialog
          queue={queue}
          message={chosen.message}
          hasRetry={hasRetry}
          onAction={(action) => setChosen({ ...chosen, action })}
          onEnd={end}
        />
      )}
      {chosen?.action && (
        <MessageActions queue={queue} message={chosen.message} action={chosen.action} onEnd={end} />
      )}
    </>
  );
}
