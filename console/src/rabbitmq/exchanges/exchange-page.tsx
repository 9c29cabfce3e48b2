// The page of an exchange.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { Facts, featuresText, JsonFact } from '../../broker/facts.tsx';
import { Head } from '../../broker/head.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { open, type Route } from '../../router.ts';
import { Bindings } from '../bindings/bindings.tsx';
import { PublishForm } from '../messages/publish-form.tsx';
import { type Exchange, exchangeText } from '../model.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { useApi } from '../use-api.ts';

/** Shows an exchange, publishes to it, and deletes it. */
export default function ExchangePage({ route }: { readonly route: Route }) {
  const [, vhost = '', part = ''] = route.parts;
  const exchange = useApi<Exchange>(['exchanges', vhost, part]);
  const [isDeleting, setDeleting] = useState(false);
  const { data } = exchange;
  const isOwn = data !== undefined && data.name !== '' && !data.name.startsWith('amq.');
  return (
    <SpaceBetween size="l">
      <Head
        area={['exchanges', 'Exchanges']}
        parts={[vhost, part]}
        title={data === undefined ? part : exchangeText(data.name)}
        description={`Exchange in the virtual host ${printable(vhost)}`}
        actions={isOwn && <Button onClick={() => setDeleting(true)}>Delete</Button>}
      />
      <ErrorAlert error={exchange.error} />
      {exchange.isLoading && <Spinner size="large" />}
      {data && (
        <Tabs
          tabs={[
            { id: 'details', label: 'Details', content: <Details exchange={data} /> },
            {
              id: 'bindings',
              label: 'Bindings',
              content: <Bindings vhost={vhost} of={{ kind: 'exchange', name: data.name }} />,
            },
            {
              id: 'publish',
              label: 'Publish',
              content: <PublishForm vhost={vhost} exchange={data.name} />,
            },
          ]}
        />
      )}
      {isDeleting && (
        <DeleteDialog
          kind="exchange"
          name={part}
          path={['exchanges', vhost, part]}
          reads={['exchanges', 'queues', 'overview']}
          onDone={() => open('exchanges')}
          onEnd={() => setDeleting(false)}
        >
          Its bindings are removed. Whoever publishes to it gets an error.
        </DeleteDialog>
      )}
    </SpaceBetween>
  );
}

function Details({ exchange }: { readonly exchange: Exchange }) {
  const { type, durable, internal, auto_delete, policy } = exchange;
  return (
    <Facts
      title="Details"
      items={{
        Type: type,
        'Virtual host': printable(exchange.vhost),
        Features: featuresText({ durable, internal, 'auto-delete': auto_delete }),
        Policy: policy === undefined ? '–' : printable(policy),
        Arguments: <JsonFact value={exchange.arguments} />,
      }}
    />
  );
}
