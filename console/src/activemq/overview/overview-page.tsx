// The overview: messages, objects, limits and rates.

import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { bytesText, countText, rateText, spanText } from '../../broker/numbers.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { href } from '../../router.ts';
import type { Overview, Usage } from '../model.ts';
import { MessagePlots } from '../parts/message-plots.tsx';
import { useApi } from '../use-api.ts';

/** Shows the broker as a whole. */
export default function OverviewPage() {
  const overview = useApi<Overview>(['overview']);
  const { data } = overview;
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={overview.error} />
      {overview.isLoading && <Spinner size="large" />}
      {data && <Totals overview={data} />}
    </SpaceBetween>
  );
}

function Totals({ overview }: { readonly overview: Overview }) {
  const { histories } = overview;
  const counted = (path: string, label: string, count: number) => ({
    label,
    value: <Link href={href(path)}>{countText(count)}</Link>,
  });
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={`ActiveMQ ${overview.version}, runs for ${spanText(overview.uptimeSeconds * 1000)}`}
      >
        {printable(overview.name)}
      </Header>
      <Container header={<Header variant="h2">Now</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: 'Messages ready', value: countText(overview.readyCount) },
            { label: 'In flight', value: countText(overview.inFlightCount) },
            { label: 'Enqueued', value: rateText(histories.enqueue.rate) },
            { label: 'Dequeued', value: rateText(histories.dequeue.rate) },
            counted('connections', 'Connections', overview.connectionCount),
            counted('queues', 'Queues', overview.queueCount),
            counted('topics', 'Topics', overview.topicCount),
            counted('subscribers', 'Durable subscribers', overview.subscriberCount),
            counted('consumers', 'Subscriptions', overview.consumerCount),
            counted('scheduled', 'Scheduled messages', overview.scheduledCount),
          ]}
        />
      </Container>
      <MessagePlots histories={histories} />
      <Limits usage={overview.usage} />
    </SpaceBetween>
  );
}

const names = {
  memory: ['Memory', 'Messages that are not persistent'],
  store: ['Store', 'The log with persistent messages'],
  temp: ['Temporary store', 'Messages that are not persistent'],
} as const;

function Limits({ usage }: Pick<Overview, 'usage'>) {
  return (
    <Container header={<Header variant="h2">Limits</Header>}>
      <SpaceBetween size="m">
        {(Object.keys(names) as (keyof typeof names)[]).map((name) => (
          <Limit key={name} label={names[name][0]} what={names[name][1]} usage={usage[name]} />
        ))}
      </SpaceBetween>
    </Container>
  );
}

interface LimitProps {
  readonly label: string;
  readonly what: string;
  readonly usage: Usage;
}

function Limit({ label, what, usage: { usedBytes, limitBytes } }: LimitProps) {
  if (limitBytes === null) {
    const value = `${bytesText(usedBytes)}, without a limit`;
    return <KeyValuePairs items={[{ label, value, info: undefined }]} />;
  }
  return (
    <ProgressBar
      label={label}
      description={what}
      additionalInfo={`${bytesText(usedBytes)} of ${bytesText(limitBytes)}`}
      value={Math.min(100, (100 * usedBytes) / limitBytes)}
    />
  );
}
