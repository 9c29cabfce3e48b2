// The page of a queue or a stream.

import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { Head } from '../../broker/head.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import type { Route } from '../../router.ts';
import { Bindings } from '../bindings/bindings.tsx';
import { ConsumerTable } from '../connections/consumer-table.tsx';
import { GetForm } from '../messages/get-form.tsx';
import { PublishForm } from '../messages/publish-form.tsx';
import type { Queue } from '../model.ts';
import { historyQuery } from '../parts/rates.tsx';
import { hasRole } from '../session/roles.ts';
import { useApi } from '../use-api.ts';
import { type QueueAction, QueueActions } from './queue-actions.tsx';
import { QueueDetails } from './queue-details.tsx';

/** Shows a queue with its messages, and changes it. */
export default function QueuePage({ route }: { readonly route: Route }) {
  const [, vhost = '', name = ''] = route.parts;
  const queue = useApi<Queue>(['queues', vhost, name], { query: historyQuery });
  const [asked, setAsked] = useState<QueueAction>();
  const { data } = queue;
  const isStream = data?.type === 'stream';
  return (
    <SpaceBetween size="l">
      <Head
        area={['queues', 'Queues and streams']}
        parts={[vhost, name]}
        title={name}
        description={`${isStream ? 'Stream' : 'Queue'} in the virtual host ${printable(vhost)}`}
        actions={
          data && (
            <ButtonDropdown
              items={[
                ...(isStream ? [] : [{ id: 'purge', text: 'Purge' }]),
                ...(hasRole('policymaker') ? [{ id: 'move', text: 'Move messages' }] : []),
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
      {asked && (
        <QueueActions vhost={vhost} name={name} action={asked} onEnd={() => setAsked(undefined)} />
      )}
    </SpaceBetween>
  );
}

function QueueTabs({ queue }: { readonly queue: Queue }) {
  const { vhost, name, type } = queue;
  return (
    <Tabs
      tabs={[
        { id: 'details', label: 'Details', content: <QueueDetails queue={queue} /> },
        ...(type === 'stream'
          ? []
          : [
              {
                id: 'messages',
                label: 'Get messages',
                content: <GetForm vhost={vhost} queue={name} />,
              },
            ]),
        {
          id: 'publish',
          label: 'Publish',
          content: <PublishForm vhost={vhost} exchange="" routingKey={name} />,
        },
        {
          id: 'bindings',
          label: 'Bindings',
          content: <Bindings vhost={vhost} of={{ kind: 'queue', name }} />,
        },
        {
          id: 'consumers',
          label: 'Consumers',
          content: <ConsumerTable consumers={queue.consumer_details ?? []} shows="channel" />,
        },
      ]}
    />
  );
}
