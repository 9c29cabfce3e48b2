// The page of a connection.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { Facts, JsonFact } from '../../broker/facts.tsx';
import { Head } from '../../broker/head.tsx';
import { History, rateLine } from '../../broker/history.tsx';
import { bytesText, countText } from '../../broker/numbers.ts';
import { person } from '../../broker/session.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { timeText } from '../../parts/time.tsx';
import type { Route } from '../../router.ts';
import type { Channel, Connection } from '../model.ts';
import { ListTable } from '../parts/list-table.tsx';
import { dataQuery } from '../parts/rates.tsx';
import { hasRole } from '../session/roles.ts';
import { useApi } from '../use-api.ts';
import { channelColumns } from './channel-columns.tsx';
import { CloseConnection } from './close-connection.tsx';

/** Shows a connection, and closes it. */
export default function ConnectionPage({ route }: { readonly route: Route }) {
  const [, name = ''] = route.parts;
  const connection = useApi<Connection>(['connections', name], { query: dataQuery });
  const [isAsked, setAsked] = useState(false);
  const { data } = connection;
  const mayClose = hasRole('administrator') || data?.user === person()?.name;
  return (
    <SpaceBetween size="l">
      <Head
        area={['connections', 'Connections']}
        parts={[name]}
        title={name}
        description={data?.user_provided_name && printable(data.user_provided_name)}
        actions={
          data && mayClose && <Button onClick={() => setAsked(true)}>Close connection</Button>
        }
      />
      <ErrorAlert error={connection.error} />
      {connection.isLoading && <Spinner size="large" />}
      {data && <Details connection={data} />}
      {isAsked && <CloseConnection name={name} onEnd={() => setAsked(false)} />}
    </SpaceBetween>
  );
}

function Details({ connection }: { readonly connection: Connection }) {
  const { connected_at: since, timeout } = connection;
  return (
    <SpaceBetween size="l">
      <History
        name="Bytes per second"
        lines={[
          rateLine('Received', connection.recv_oct_details),
          rateLine('Sent', connection.send_oct_details),
        ]}
      />
      <Facts
        title="Details"
        items={{
          User: printable(connection.user),
          'Virtual host': printable(connection.vhost),
          Protocol: connection.protocol,
          State: connection.state,
          'Connected since': timeText(since === undefined ? undefined : new Date(since)),
          Address: `${connection.peer_host}:${connection.peer_port}`,
          TLS: connection.ssl_protocol,
          'Log-in': connection.auth_mechanism,
          Heartbeat: timeout === undefined || timeout === 0 ? 'none' : `${timeout} s`,
          'Largest frame': bytesText(connection.frame_max),
          'Channels at most': countText(connection.channel_max),
          Received: bytesText(connection.recv_oct),
          Sent: bytesText(connection.send_oct),
          'Told by the client': <JsonFact value={connection.client_properties} />,
        }}
      />
      <ListTable<Channel>
        title="Channels"
        path={['connections', connection.name, 'channels']}
        columns={channelColumns}
        idOf={({ name }) => name}
        empty="The connection has no channels."
        hasFilter={false}
      />
    </SpaceBetween>
  );
}
