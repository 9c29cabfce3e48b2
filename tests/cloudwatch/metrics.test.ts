import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricAlarmCommand,
} from '@aws-sdk/client-cloudwatch';
import { AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols';
import { runAwsCli } from '../support/aws-cli.ts';
import { Boto3 } from '../support/boto3.ts';
import { clientEnvironment } from '../support/client-environment.ts';
import { calledService, clientOptions, startInRegion } from '../support/cloudwatch.ts';
import { findPrograms, type Program } from '../support/other-programs.ts';
import { until } from '../support/processes.ts';
import { Prometheus, testRules } from '../support/prometheus.ts';
import type { Waxwing } from '../support/waxwing.ts';

// CloudWatch's metrics, and those for Prometheus, of a service with a broker of each type.

const monitoring = join(import.meta.dirname, '../../../monitoring');
const Namespace = 'AWS/AmazonMQ';

const find = (name: string, argument: readonly string[], of: string) =>
  findPrograms({ name, versionArguments: argument, package: of });
const clis = await find('aws', ['--version'], 'awscli');
const pythons = await find(
  'python3',
  ['-c', 'import boto3; print(boto3.__version__)'],
  'python3-boto3',
);
const prometheus = await find('prometheus', ['--version'], 'prometheus');
const promtool = await find('promtool', ['--version'], 'prometheus');

/** The programs; a test without any is skipped. */
const all = (programs: readonly Program[] | string) =>
  typeof programs === 'string' ? [] : programs;

let waxwing: Waxwing;
let client: CloudWatchClient;
const range = () => ({
  StartTime: new Date(Date.now() - 3_600_000),
  EndTime: new Date(Date.now() + 3_600_000),
});
const ofBroker = (Value: string) => [{ Name: 'Broker', Value }];

before(async () => {
  waxwing = await startInRegion();
  const rabbitId = await waxwing.createBroker({ BrokerName: 'rabbit' });
  await waxwing.createBroker({
    BrokerName: 'active',
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
  });
  const connected = await waxwing.connect(await waxwing.brokerUrl(rabbitId));
  await connected.publish('orders', ['one', 'two']);
  client = new CloudWatchClient(clientOptions(calledService(waxwing)));
  // The second sample is the first one that has rates, up to a minute later.
  const has = async (MetricName: string) =>
    (await client.send(new ListMetricsCommand({ Namespace, MetricName }))).Metrics?.length;
  const hasBoth = async () => (await has('PublishRate')) && (await has('HeapUsage'));
  await until('a rate, and metrics of both brokers', hasBoth, 150_000);
  await connected.model.close();
});
after(() => waxwing.remove());

const protocols: readonly [name: string, CloudWatchClientConfig['protocol']][] = [
  ['JSON', undefined],
  ['query', AwsQueryProtocol],
  ['CBOR', AwsSmithyRpcV2CborProtocol],
];

for (const [name, protocol] of protocols) {
  test(`metrics are listed and read on the wire ${name}`, async () => {
    const own = new CloudWatchClient({
      ...clientOptions(calledService(waxwing)),
      ...(protocol !== undefined && { protocol }),
    });
    const { Metrics = [] } = await own.send(new ListMetricsCommand({ Namespace }));
    const names = new Set(
      Metrics.map(({ MetricName, Dimensions = [] }) => {
        const dimensions = Dimensions.map(({ Name, Value }) => `${Name}=${Value}`);
        return `${MetricName} ${dimensions.join(' ')}`;
      }),
    );
    for (const each of [
      'QueueCount Broker=rabbit',
      'MessageCount Broker=rabbit',
      'TotalMessageCount Broker=active-1',
      'HeapUsage Broker=active-1',
    ]) {
      assert.ok(names.has(each), `${each} in ${[...names].join(', ')}`);
    }
    const data = await own.send(
      new GetMetricDataCommand({
        ...range(),
        MetricDataQueries: [
          {
            Id: 'ready',
            MetricStat: {
              Metric: {
                Namespace,
                MetricName: 'MessageReadyCount',
                Dimensions: ofBroker('rabbit'),
              },
              Period: 60,
              Stat: 'Maximum',
            },
          },
          {
            Id: 'none',
            MetricStat: {
              Metric: { Namespace, MetricName: 'MessageReadyCount', Dimensions: ofBroker('other') },
              Period: 300,
              Stat: 'Sum',
            },
          },
        ],
      }),
    );
    const [ready, none] = data.MetricDataResults ?? [];
    assert.equal(ready?.Id, 'ready');
    assert.equal(ready?.StatusCode, 'Complete');
    assert.equal(ready?.Values?.[0], 2);
    assert.ok(ready?.Timestamps?.[0] instanceof Date);
    assert.equal(ready.Timestamps[0].getTime() % 60_000, 0);
    assert.deepEqual(none?.Values ?? [], []);
    const { Datapoints = [] } = await own.send(
      new GetMetricStatisticsCommand({
        ...range(),
        Namespace,
        MetricName: 'RabbitMQMemUsed',
        Dimensions: ofBroker('rabbit'),
        Period: 3600,
        Statistics: ['Average', 'SampleCount'],
      }),
    );
    const [memory] = Datapoints;
    assert.equal(memory?.Unit, 'Bytes');
    assert.ok((memory?.Average ?? 0) > 1_000_000);
    assert.ok((memory?.SampleCount ?? 0) >= 1);
  });

  test(`alarms and invalid requests are refused by name on the wire ${name}`, async () => {
    const own = new CloudWatchClient({
      ...clientOptions(calledService(waxwing)),
      ...(protocol !== undefined && { protocol }),
    });
    await assert.rejects(own.send(new DescribeAlarmsCommand({})), {
      message: 'Alarms are not supported: use alert rules of Prometheus.',
    });
    const alarm = {
      AlarmName: 'full',
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold' as const,
    };
    await assert.rejects(own.send(new PutMetricAlarmCommand(alarm)), {
      message: 'Alarms are not supported: use alert rules of Prometheus.',
    });
    const request = { ...range(), Namespace, MetricName: 'QueueCount', Period: 61 };
    await assert.rejects(
      own.send(new GetMetricStatisticsCommand({ ...request, Statistics: ['Sum'] })),
      { message: 'Period 61 is not a multiple of 60 seconds.' },
    );
    const empty = { ...request, Period: 60, EndTime: request.StartTime };
    await assert.rejects(
      own.send(new GetMetricStatisticsCommand({ ...empty, Statistics: ['Sum'] })),
      { message: 'The parameter StartTime must be less than the parameter EndTime.' },
    );
  });
}

test('metrics survive a restart', async () => {
  const request = new GetMetricStatisticsCommand({
    ...range(),
    Namespace,
    MetricName: 'PublishRate',
    Dimensions: ofBroker('rabbit'),
    Period: 60,
    Statistics: ['Maximum'],
  });
  const kept = (await client.send(request)).Datapoints ?? [];
  assert.ok(kept.length > 0);
  await waxwing.stop();
  await waxwing.restart();
  client = new CloudWatchClient(clientOptions(calledService(waxwing)));
  const found = (await client.send(request)).Datapoints ?? [];
  assert.deepEqual(found.slice(0, kept.length), kept);
});

test('the AWS CLI and boto3 list metrics', {
  skip: typeof clis === 'string' ? clis : typeof pythons === 'string' && pythons,
}, async () => {
  const called = calledService(waxwing);
  for (const { path } of all(clis)) {
    const args = ['cloudwatch', 'list-metrics', '--metric-name', 'ExchangeCount'];
    const given = [...args, '--endpoint-url', called.endpoint.url, '--output', 'json'];
    const { stdout, stderr } = await runAwsCli(path, given, clientEnvironment(called));
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout).Metrics[0].Dimensions, ofBroker('rabbit'));
  }
  for (const { path } of all(pythons)) {
    const boto3 = new Boto3(path, called);
    const { Metrics } = await boto3.call('cloudwatch', 'list_metrics', { Namespace });
    assert.ok(Metrics.length > 10);
    boto3.close();
  }
});

test('each alert fires on its values, and not on ordinary ones', {
  skip: typeof promtool === 'string' && promtool,
}, async () => {
  for (const { path } of all(promtool)) {
    await testRules(path, join(monitoring, 'prometheus-rules.test.yml'));
  }
});

/** The expressions of the dashboard, with values for its variables. */
function dashboardExpressions(): readonly string[] {
  const { panels } = JSON.parse(readFileSync(join(monitoring, 'grafana-dashboard.json'), 'utf8'));
  return panels
    .flatMap(({ targets = [] }: { readonly targets?: readonly { readonly expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    )
    .map((expression: string) =>
      expression.replaceAll('$broker', '.*').replaceAll('$__rate_interval', '10s'),
    );
}

test('Prometheus evaluates each rule, and each expression of the dashboard has values', {
  skip: typeof prometheus === 'string' && prometheus,
}, async () => {
  const environment = waxwing.environment;
  const scraped = {
    url: environment['WAXWING_METRICS_URL'] ?? '',
    token: environment['WAXWING_METRICS_TOKEN'] ?? '',
    ca: waxwing.ca,
  };
  for (const { path } of all(prometheus)) {
    const running = await Prometheus.start(path, scraped, join(monitoring, 'prometheus-rules.yml'));
    try {
      const expressions = dashboardExpressions();
      assert.ok(expressions.length > 30);
      const left = new Set(expressions);
      // The metric of refused calls exists once there is one.
      const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wrong' };
      const stranger = new CloudWatchClient(
        clientOptions({ ...calledService(waxwing), credentials }),
      );
      await assert.rejects(stranger.send(new ListMetricsCommand({})));
      await until(
        () => `values of ${[...left].join('; ')}`,
        async () => {
          for (const each of left) if ((await running.query(each)).length > 0) left.delete(each);
          return left.size === 0;
        },
        90_000,
      );
      const { groups } = await running.get('rules');
      assert.equal(groups.length, 1);
      for (const { name, health, lastError } of groups[0].rules) {
        assert.equal(health, 'ok', `${name}: ${lastError}`);
      }
    } finally {
      await running.stop();
    }
  }
});
