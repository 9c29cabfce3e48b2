// The page of a channel.

import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { Facts } from '../../broker/facts.tsx';
import { Head } from '../../broker/head.tsx';
import { NameLink } from '../../broker/name.tsx';
import { countText } from '../../broker/numbers.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import type { Route } from '../../router.ts';
import type { Channel } from '../model.ts';
import { useApi } from '../use-api.ts';
import { modeText } from './channel-columns.tsx';
import { ConsumerTable } from './consumer-table.tsx';

/** Shows a channel with its consumers. */
export default function ChannelPage({ route }: { readonly route: Route }) {
  const [, name = ''] = route.parts;
  const channel = useApi<Channel>(['channels', name]);
  const { data } = channel;
  return (
    <SpaceBetween size="l">
      <Head area={['channels', 'Channels']} parts={[name]} title={name} />
      <ErrorAlert error={channel.error} />
      {channel.isLoading && <Spinner size="large" />}
      {data && (
        <SpaceBetween size="l">
          <Facts
            title="Details"
            items={{
              Connection: <NameLink area="connections" parts={[data.connection_details.name]} />,
              User: printable(data.user),
              'Virtual host': printable(data.vhost),
              State: data.state,
              Mode: modeText(data),
              'Prefetch of each consumer': countText(data.prefetch_count),
              'Prefetch of the channel': countText(data.global_prefetch_count),
              Unacknowledged: countText(data.messages_unacknowledged),
              Unconfirmed: countText(data.messages_unconfirmed),
              'Messages of the transaction': countText(data.messages_uncommitted),
              'Acknowledgements of the transaction': countText(data.acks_uncommitted),
            }}
          />
          <ConsumerTable consumers={data.consumer_details ?? []} shows="queue" />
        </SpaceBetween>
      )}
    </SpaceBetween>
  );
}
