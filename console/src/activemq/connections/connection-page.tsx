// The page of a connection.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { ActionDialog } from '../../broker/action-dialog.tsx';
import { Facts } from '../../broker/facts.tsx';
import { Head } from '../../broker/head.tsx';
import { countText } from '../../broker/numbers.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { open, type Route } from '../../router.ts';
import { act } from '../api.ts';
import type { Connection } from '../model.ts';
import { ConsumerTable } from '../subscribers/consumer-table.tsx';
import { useApi } from '../use-api.ts';

/** Shows a connection with its consumers, and closes it. */
export default function ConnectionPage({ route }: { readonly route: Route }) {
  const [, id = ''] = route.parts;
  const connection = useApi<Connection>(['connections', id]);
  const [isAsked, setAsked] = useState(false);
  const { data } = connection;
  return (
    <SpaceBetween size="l">
      <Head
        area={['connections', 'Connections']}
        parts={[id]}
        title={id}
        actions={data && <Button onClick={() => setAsked(true)}>Close connection</Button>}
      />
      <ErrorAlert error={connection.error} />
      {connection.isLoading && <Spinner size="large" />}
      {data && (
        <Facts
          title="Details"
          items={{
            User: printable(data.user),
            Protocol: data.protocol ?? '–',
            'Client ID': printable(data.clientId ?? '') || '–',
            Address: data.address ?? '–',
            Sessions: countText(data.sessionCount),
          }}
        />
      )}
      {data && <ConsumerTable query={{ connection: id }} />}
      {isAsked && (
        <ActionDialog
          kind="connection"
          name={id}
          action="Close connection"
          call={() => act('closeConnection', { id })}
          done={`The connection ${id} is closed.`}
          reads={['connections', 'consumers', 'overview']}
          onDone={() => open('connections')}
          onEnd={() => setAsked(false)}
        >
          Messages that the client has not acknowledged are delivered again. Most clients connect
          again by themselves.
        </ActionDialog>
      )}
    </SpaceBetween>
  );
}
