// The list of durable subscriptions.

import Button from '@cloudscape-design/components/button';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { ActionDialog } from '../../broker/action-dialog.tsx';
import { printable } from '../../parts/printable.ts';
import { act } from '../api.ts';
import type { Subscriber } from '../model.ts';
import { countColumn } from '../parts/count-column.ts';
import { ListTable } from '../parts/list-table.tsx';
import { CreateSubscriber } from './create-subscriber.tsx';

/** A session of MQTT has no name, and ends with its client. */
const isNamed = ({ subscriptionName }: Subscriber) => subscriptionName !== '';

/** Lists durable subscriptions, creates and deletes them. */
export default function SubscriberList() {
  const [isCreating, setCreating] = useState(false);
  const [deleted, setDeleted] = useState<Subscriber>();
  return (
    <>
      <ListTable<Subscriber>
        title="Durable subscribers"
        isPage
        list="subscribers"
        idOf={({ clientId, subscriptionName }) => JSON.stringify([clientId, subscriptionName])}
        empty="There are no durable subscribers."
        actions={<Button onClick={() => setCreating(true)}>Create subscriber</Button>}
        columns={[
          {
            id: 'name',
            width: 160,
            header: 'Name',
            sortingField: 'subscriptionName',
            isRowHeader: true,
            cell: (each) => (isNamed(each) ? printable(each.subscriptionName) : '(MQTT session)'),
          },
          {
            id: 'client',
            width: 160,
            header: 'Client ID',
            sortingField: 'clientId',
            cell: ({ clientId }) => printable(clientId),
          },
          {
            id: 'topics',
            width: 170,
            header: 'Topics',
            cell: ({ topics }) => printable(topics.join(', ')) || '–',
          },
          {
            id: 'selector',
            width: 140,
            header: 'Selector',
            cell: ({ selector }) => (selector === null ? '–' : printable(selector)),
          },
          {
            id: 'state',
            width: 110,
            header: 'State',
            sortingField: 'isActive',
            cell: ({ isActive }) => (
              <StatusIndicator type={isActive ? 'success' : 'stopped'}>
                {isActive ? 'active' : 'offline'}
              </StatusIndicator>
            ),
          },
          countColumn('pendingCount', 'Pending'),
          countColumn('enqueueCount', 'Enqueued'),
          {
            id: 'actions',
            width: 120,
            header: 'Actions',
            cell: (each) =>
              isNamed(each) && (
                <Button
                  variant="inline-link"
                  ariaLabel={`Delete ${printable(each.subscriptionName)}`}
                  onClick={() => setDeleted(each)}
                >
                  Delete
                </Button>
              ),
          },
        ]}
      />
      {isCreating && <CreateSubscriber onEnd={() => setCreating(false)} />}
      {deleted && (
        <ActionDialog
          kind="subscriber"
          name={deleted.subscriptionName}
          call={() =>
            act('deleteSubscriber', {
              clientId: deleted.clientId,
              subscriberName: deleted.subscriptionName,
            })
          }
          reads={['subscribers', 'topics', 'overview']}
          onEnd={() => setDeleted(undefined)}
        >
          The subscription of the client {printable(deleted.clientId)} is deleted with all of its
          pending messages. It must have no consumer.
        </ActionDialog>
      )}
    </>
  );
}
