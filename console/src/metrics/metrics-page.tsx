// The metrics of a broker, as plots.

import {
  CloudWatchClient,
  GetMetricDataCommand,
  ListMetricsCommand,
  type Metric,
  type MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import type { BrokerSummary } from '@aws-sdk/client-mq';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { clientOf } from '../aws/clients.ts';
import { listBrokers } from '../brokers/broker-calls.ts';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { type Line, Plot } from '../parts/plot.tsx';

const cloudWatch = () => clientOf(CloudWatchClient);

const ranges = {
  hour: { name: '1 hour', ms: 3_600_000, periodSeconds: 60 },
  six: { name: '6 hours', ms: 6 * 3_600_000, periodSeconds: 60 },
  day: { name: '1 day', ms: 24 * 3_600_000, periodSeconds: 300 },
  week: { name: '1 week', ms: 7 * 24 * 3_600_000, periodSeconds: 3600 },
} as const;
type RangeId = keyof typeof ranges;

/** The interval at which metrics are read again, milliseconds: brokers are measured once a minute. */
const refreshMs = 60_000;
const namespace = 'AWS/AmazonMQ';
/** Maximum number of metrics of one call. */
const queryCountMax = 500;

/** Shows the metrics of a broker. */
export default function MetricsPage() {
  const brokers = useInfiniteQuery({
    queryKey: ['brokers', 'choice'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => listBrokers(pageParam),
    getNextPageParam: (last) => last.next,
  });
  const all = brokers.data?.pages.flatMap((page) => page.items) ?? [];
  const [chosen, setChosen] = useState('');
  const [range, setRange] = useState<RangeId>('hour');
  const shown = all.find(({ BrokerName }) => BrokerName === chosen) ?? all[0];
  const broker = shown?.BrokerName ?? '';
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="Brokers are measured once a minute.">
        Metrics
      </Header>
      <ErrorAlert error={brokers.error} />
      <Grid
        gridDefinition={[{ colspan: { default: 12, s: 6 } }, { colspan: { default: 12, s: 6 } }]}
      >
        <FormField label="Broker">
          <Select
            selectedOption={broker === '' ? null : { value: broker, label: broker }}
            options={all.map(({ BrokerName = '' }) => ({ value: BrokerName, label: BrokerName }))}
            placeholder="Choose a broker"
            filteringType="auto"
            statusType={
              brokers.isFetching ? 'loading' : brokers.hasNextPage ? 'pending' : 'finished'
            }
            onLoadItems={() => {
              if (brokers.hasNextPage && !brokers.isFetchingNextPage) void brokers.fetchNextPage();
            }}
            onChange={({ detail }) => setChosen(detail.selectedOption.value ?? '')}
          />
        </FormField>
        <FormField label={<span id="metrics-time">Time</span>}>
          <SegmentedControl
            ariaLabelledby="metrics-time"
            selectedId={range}
            options={Object.entries(ranges).map(([id, { name }]) => ({ id, text: name }))}
            onChange={({ detail }) => setRange(detail.selectedId as RangeId)}
          />
        </FormField>
      </Grid>
      {shown !== undefined && <Plots key={broker} names={dimensionsOf(shown)} range={range} />}
      {all.length === 0 && !brokers.isLoading && <Box>There are no brokers.</Box>}
    </SpaceBetween>
  );
}

/** The values of the dimension `Broker`: ActiveMQ's metrics are those of an instance, as in CloudWatch. */
function dimensionsOf({ BrokerName = '', EngineType, DeploymentMode }: BrokerSummary): string[] {
  if (EngineType?.toUpperCase() !== 'ACTIVEMQ') return [BrokerName];
  const isPair = DeploymentMode === 'ACTIVE_STANDBY_MULTI_AZ';
  return (isPair ? [1, 2] : [1]).map((number) => `${BrokerName}-${number}`);
}

interface PlotsProps {
  /** The values of the dimension `Broker`. */
  readonly names: readonly string[];
  readonly range: RangeId;
}

function Plots({ names, range }: PlotsProps) {
  const found = useQuery({
    queryKey: ['metrics', names, range],
    refetchInterval: refreshMs,
    queryFn: () => readMetrics(names, range),
  });
  if (found.isLoading) return <Spinner size="large" />;
  const { data } = found;
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={found.error} />
      {data?.plots.size === 0 && <Box>The broker was not measured in this time.</Box>}
      <Grid
        gridDefinition={[...(data?.plots ?? [])].map(() => ({ colspan: { default: 12, s: 6 } }))}
      >
        {[...(data?.plots ?? [])].map(([name, lines]) => (
          <Container key={name} header={<Header variant="h2">{name}</Header>}>
            <Plot
              name={name}
              lines={lines}
              from={data?.from ?? new Date(0)}
              to={data?.to ?? new Date(0)}
            />
          </Container>
        ))}
      </Grid>
    </SpaceBetween>
  );
}

interface Read {
  readonly from: Date;
  readonly to: Date;
  /** By the name of the metric. */
  readonly plots: ReadonlyMap<string, readonly Line[]>;
}

function lineOf(title: string, { Timestamps = [], Values = [] }: MetricDataResult): Line {
  return { title, points: Timestamps.map((x, index) => ({ x, y: Values[index] ?? 0 })) };
}

/** The metrics of a broker as a whole, sorted by name. Each instance of a pair is a line. */
async function readMetrics(names: readonly string[], range: RangeId): Promise<Read> {
  const { ms, periodSeconds } = ranges[range];
  const to = new Date();
  const from = new Date(to.getTime() - ms);
  const metrics = (await Promise.all(names.map((name) => metricsOf(name))))
    .flat()
    .sort((a, b) => (a.MetricName ?? '').localeCompare(b.MetricName ?? ''));
  const plots = new Map<string, Line[]>();
  if (metrics.length === 0) return { from, to, plots };
  const command = new GetMetricDataCommand({
    StartTime: from,
    EndTime: to,
    ScanBy: 'TimestampAscending',
    MetricDataQueries: metrics.map((metric, index) => ({
      Id: `m${index}`,
      Label: metric.MetricName ?? '',
      MetricStat: { Metric: metric, Period: periodSeconds, Stat: 'Average' },
    })),
  });
  const results: MetricDataResult[] = [];
  let NextToken: string | undefined;
  do {
    command.input.NextToken = NextToken;
    const page = await cloudWatch().send(command);
    join(results, page.MetricDataResults ?? []);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  for (const [index, { MetricName = '', Dimensions = [] }] of metrics.entries()) {
    const result = results.find(({ Id }) => Id === `m${index}`);
    if (result?.Values === undefined || result.Values.length === 0) continue;
    const title = names.length === 1 ? MetricName : (Dimensions[0]?.Value ?? '');
    plots.set(MetricName, [...(plots.get(MetricName) ?? []), lineOf(title, result)]);
  }
  return { from, to, plots };
}

/** Adds the values of a further page to those of the previous pages. */
function join(results: MetricDataResult[], more: readonly MetricDataResult[]): void {
  for (const result of more) {
    const known = results.find(({ Id }) => Id === result.Id);
    if (known === undefined) results.push(result);
    else {
      known.Timestamps = [...(known.Timestamps ?? []), ...(result.Timestamps ?? [])];
      known.Values = [...(known.Values ?? []), ...(result.Values ?? [])];
    }
  }
}

async function metricsOf(broker: string): Promise<readonly Metric[]> {
  const found: Metric[] = [];
  let NextToken: string | undefined;
  do {
    const page: { Metrics?: Metric[] | undefined; NextToken?: string | undefined } =
      await cloudWatch().send(
        new ListMetricsCommand({
          Namespace: namespace,
          Dimensions: [{ Name: 'Broker', Value: broker }],
          NextToken,
        }),
      );
    // Those with more dimensions are of a node, a queue or a topic.
    found.push(...(page.Metrics ?? []).filter(({ Dimensions = [] }) => Dimensions.length === 1));
    NextToken = page.NextToken;
  } while (NextToken !== undefined && found.length < queryCountMax);
  return found.slice(0, queryCountMax / 2); // a broker has two names at most
}
