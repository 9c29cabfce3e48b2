// The page of a topic.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { ActionDialog } from '../../broker/action-dialog.tsx';
import { Facts } from '../../broker/facts.tsx';
import { Head } from '../../broker/head.tsx';
import { countText } from '../../broker/numbers.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { open, type Route } from '../../router.ts';
import { act } from '../api.ts';
import { SendForm } from '../messages/send-form.tsx';
import type { Topic } from '../model.ts';
import { ConsumerTable } from '../subscribers/consumer-table.tsx';
import { useApi } from '../use-api.ts';

/** Shows a topic with its consumers, sends messages to it, and deletes it. */
export default function TopicPage({ route }: { readonly route: Route }) {
  const [, name = ''] = route.parts;
  const topic = useApi<Topic>(['topics', name]);
  const [isAsked, setAsked] = useState(false);
  const { data } = topic;
  return (
    <SpaceBetween size="l">
      <Head
        area={['topics', 'Topics']}
        parts={[name]}
        title={name}
        description="Topic"
        actions={data && <Button onClick={() => setAsked(true)}>Delete</Button>}
      />
      <ErrorAlert error={topic.error} />
      {topic.isLoading && <Spinner size="large" />}
      {data && (
        <Tabs
          tabs={[
            { id: 'details', label: 'Details', content: <Details topic={data} /> },
            {
              id: 'consumers',
              label: 'Consumers',
              content: <ConsumerTable query={{ topic: name }} />,
            },
            { id: 'send', label: 'Send', content: <SendForm kind="topic" name={name} /> },
          ]}
        />
      )}
      {isAsked && (
        <ActionDialog
          kind="topic"
          name={name}
          call={() =>
            act('deleteDestination', { JMSDestination: name, JMSDestinationType: 'topic' })
          }
          reads={['topics', 'overview']}
          onDone={() => open('topics')}
          onEnd={() => setAsked(false)}
        >
          A topic with subscriptions stays in the list, and another one comes back when it is used.
        </ActionDialog>
      )}
    </SpaceBetween>
  );
}

function Details({ topic }: { readonly topic: Topic }) {
  return (
    <Facts
      title="Subscriptions together"
      items={{
        Consumers: countText(topic.consumerCount),
        'Messages that wait': countText(topic.size),
        Enqueued: countText(topic.enqueueCount),
        Dequeued: countText(topic.dequeueCount),
      }}
    />
  );
}
