// The page of a queue.

import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { Facts } from '../../broker/facts.tsx';
import { Head } from '../../broker/head.tsx';
import { bytesText, countText, rateText } from '../../broker/numbers.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import type { Route } from '../../router.ts';
import { MessageTable } from '../messages/message-table.tsx';
import { SendForm } from '../messages/send-form.tsx';
import type { QueueDetails } from '../model.ts';
import { MessagePlots } from '../parts/message-plots.tsx';
import { ConsumerTable } from '../subscribers/consumer-table.tsx';
import { useApi } from '../use-api.ts';
import { type QueueAction, QueueActions } from './queue-actions.tsx';

/** Shows a queue with its messages, and changes it. */
export default function QueuePage({ route }: { readonly route: Route }) {
  const [, name = ''] = route.parts;
  const queue = useApi<QueueDetails>(['queues', name]);
  const [asked, setAsked] = useState<QueueAction>();
  const { data } = queue;
  const retry = { id: 'retry', text: 'Retry messages' };
  return (
    <SpaceBetween size="l">
      <Head
        area={data?.isDeadLetterQueue ? ['dead-letters', 'Dead letters'] : ['queues', 'Queues']}
        parts={[name]}
        title={name}
        description={data?.isDeadLetterQueue ? 'Queue of dead letters' : 'Queue'}
        actions={
          data && (
            <ButtonDropdown
              items={[
                ...(data.isDeadLetterQueue ? [retry] : []),
                { id: 'move', text: 'Move messages' },
                { id: 'purge', text: 'Purge' },
                { id: 'delete', text: 'Delete' },
              ]}
              onItemClick={({ detail }) => setAsked(detail.id as QueueAction)}
            >
              Actions
            </ButtonDropdown>
          )
        }
      />
      <ErrorAlert error={queue.error} />
      {queue.isLoading && <Spinner size="large" />}
      {data && <QueueTabs queue={data} />}
      {asked && <QueueActions name={name} action={asked} onEnd={() => setAsked(undefined)} />}
    </SpaceBetween>
  );
}

function QueueTabs({ queue }: { readonly queue: QueueDetails }) {
  const { name, isDeadLetterQueue } = queue;
  return (
    <Tabs
      tabs={[
        { id: 'details', label: 'Details', content: <Details queue={queue} /> },
        {
          id: 'messages',
          label: 'Messages',
          content: <MessageTable queue={name} hasRetry={isDeadLetterQueue} />,
        },
        { id: 'send', label: 'Send', content: <SendForm kind="queue" name={name} /> },
        {
          id: 'consumers',
          label: 'Consumers',
          content: <ConsumerTable query={{ queue: name }} />,
        },
      ]}
    />
  );
}

function Details({ queue }: { readonly queue: QueueDetails }) {
  return (
    <SpaceBetween size="l">
      <MessagePlots histories={queue.histories} />
      <Facts
        title="Messages"
        items={{
          Ready: countText(queue.readyCount),
          'In flight': countText(queue.inFlightCount),
          'Wait for a redelivery': countText(queue.delayedCount),
          'Size of ready bodies': bytesText(queue.readyBytes),
          Consumers: countText(queue.consumerCount),
          'Enqueued since the start': countText(queue.enqueueCount),
          'Dispatched since the start': countText(queue.dispatchCount),
          'Dequeued since the start': countText(queue.dequeueCount),
          'Enqueued now': rateText(queue.enqueueRate),
          'Dequeued now': rateText(queue.dequeueRate),
        }}
      />
    </SpaceBetween>
  );
}
