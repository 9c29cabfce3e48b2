// The protection of connections to a broker.

import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import TextContent from '@cloudscape-design/components/text-content';
import { useQuery } from '@tanstack/react-query';
import { adviceCallCountMax, askAdvice, type Finding } from '../advice/advice-calls.ts';
import { type Broker, isOfService } from '../brokers/broker-calls.ts';
import { ErrorAlert } from '../parts/error-alert.tsx';

/** Says how clients connect, and what the service saw of old versions of TLS. */
export function TransportSummary({ broker }: { readonly broker: Broker }) {
  const isCounted = isOfService(broker);
  const seen = useQuery({
    queryKey: ['advice', 'tls'],
    enabled: isCounted,
    queryFn: tlsFindings,
    staleTime: 60_000,
  });
  const urls = (broker.BrokerInstances ?? []).flatMap((each) => each.Endpoints ?? []);
  const schemes = [...new Set(urls.map((url) => url.replace(/:.*$/, '')))];
  return (
    <Container
      header={
        <Header variant="h2" description="No port accepts connections without TLS.">
          Encryption in transit
        </Header>
      }
    >
      <SpaceBetween size="s">
        <TextContent>
          <p>
            Endpoints: {schemes.length > 0 ? schemes.join(', ') : 'none until the broker runs'}.
          </p>
          {!isCounted && (
            <p>The engine of this broker does not tell which versions of TLS clients use.</p>
          )}
          {seen.data?.map(({ check, what, fix }) => (
            <p key={check}>
              <strong>{what}.</strong> To change that: {fix}.
            </p>
          ))}
          {seen.data?.length === 0 && (
            <p>No client of this service has used TLS 1.2 since it started: all used TLS 1.3.</p>
          )}
        </TextContent>
        <ErrorAlert error={seen.error} />
      </SpaceBetween>
    </Container>
  );
}

/** What the advice says about TLS. */
async function tlsFindings(): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  let nextToken: string | undefined;
  for (let count = 0; count < adviceCallCountMax; count += 1) {
    const page = await askAdvice(nextToken);
    found.push(...page.findings.filter(({ check }) => check.startsWith('tls-')));
    nextToken = page.nextToken;
    if (nextToken === undefined) return found;
  }
  throw new Error('The service has more subjects than this page reads; use `waxwing advise`.');
}
