// The protection of connections to a broker.

import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { callAdministration } from '../aws/administration.ts';
import { type Broker, isOfService } from '../brokers/broker-calls.ts';
import { ErrorAlert } from '../parts/error-alert.tsx';

/** The answer of `DescribeTransport`. */
interface Transport {
  readonly handshakes: readonly {
    readonly version: string;
    /** The name of IANA. */
    readonly suite: string;
    readonly count: number;
  }[];
}

/** Says how clients connect, and which versions and suites of TLS they have used. */
export function TransportSummary({ broker }: { readonly broker: Broker }) {
  const { BrokerId: id = '', BrokerState: state } = broker;
  const isCounted = isOfService(broker);
  const seen = useQuery({
    queryKey: ['broker', id, 'transport', state],
    enabled: isCounted && state === 'RUNNING',
    queryFn: () =>
      callAdministration<Transport>(`/waxwing/v1/brokers/${encodeURIComponent(id)}/transport`, {}),
  });
  const urls = (broker.BrokerInstances ?? []).flatMap((each) => each.Endpoints ?? []);
  const schemes = [...new Set(urls.map((url) => url.replace(/:.*$/, '')))];
  const empty = () => {
    if (!isCounted) return 'The engine of this broker does not tell which versions clients use.';
    if (state !== 'RUNNING') return 'They are known while the broker runs.';
    return seen.isLoading ? 'Loading' : 'No client has connected since the broker started.';
  };
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={seen.error} />
      <Table
        header={
          <Header
            variant="h2"
            description={
              <>
                No port accepts connections without TLS. Endpoints:{' '}
                {schemes.length > 0 ? schemes.join(', ') : 'none until the broker runs'}. The table
                has the versions and suites that clients have used since the broker started.
              </>
            }
          >
            Encryption in transit
          </Header>
        }
        items={seen.data?.handshakes ?? []}
        trackBy={({ version, suite }) => `${version} ${suite}`}
        wrapLines
        ariaLabels={{ tableLabel: 'Encryption in transit' }}
        empty={
          <Box textAlign="center" color="inherit">
            {seen.error ? 'They could not be read.' : empty()}
          </Box>
        }
        columnDefinitions={[
          {
            id: 'version',
            header: 'Version',
            isRowHeader: true,
            cell: ({ version }) => (
              <StatusIndicator type={version === 'TLSv1.3' ? 'success' : 'warning'}>
                {version.replace('v', ' ')}
                {version !== 'TLSv1.3' && ' (1.3 is recommended)'}
              </StatusIndicator>
            ),
          },
          { id: 'suite', header: 'Suite', cell: ({ suite }) => suite },
          { id: 'count', header: 'Connections', cell: ({ count }) => count },
        ]}
      />
    </SpaceBetween>
  );
}
