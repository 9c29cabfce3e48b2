import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  type DescribeLogGroupsCommandOutput,
  DescribeLogStreamsCommand,
  DescribeResourcePoliciesCommand,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  GetLogEventsCommand,
  type GetLogEventsCommandOutput,
  GetLogGroupFieldsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutResourcePolicyCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { runAwsCli } from '../support/aws-cli.ts';
import { Boto3 } from '../support/boto3.ts';
import { password } from '../support/broker-requests.ts';
import { clientEnvironment } from '../support/client-environment.ts';
import { calledService, clientOptions, startInRegion } from '../support/cloudwatch.ts';
import { findPrograms, type Program } from '../support/other-programs.ts';
import { until } from '../support/processes.ts';
import type { Waxwing } from '../support/waxwing.ts';

// CloudWatch Logs of a service with two brokers, as the official clients see it.

const found = await findPrograms({
  name: 'aws',
  versionArguments: ['--version'],
  package: 'awscli',
});
// The command exists since version 2.
const tailing =
  typeof found === 'string' ? [] : found.filter(({ version }) => !version.startsWith('aws-cli/1'));
const why = typeof found === 'string' ? found : 'there is no command line of version 2';
const clis = tailing.length > 0 ? tailing : why;

/** The programs; a test without any is skipped. */
const all = (programs: readonly Program[] | string) =>
  typeof programs === 'string' ? [] : programs;
const pythons = await findPrograms({
  name: 'python3',
  versionArguments: ['-c', 'import boto3; print("boto3", boto3.__version__)'],
  package: 'python3-boto3',
});

let waxwing: Waxwing;
let logs: CloudWatchLogsClient;
let rabbitId = '';
let activeId = '';
const groupOf = (id: string, category: string) => `/aws/amazonmq/broker/${id}/${category}`;

before(async () => {
  waxwing = await startInRegion();
  rabbitId = await waxwing.createBroker({ Logs: { General: true } });
  activeId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Logs: { General: true, Audit: true },
  });
  await waxwing.createBroker({ BrokerName: 'silent' });
  logs = new CloudWatchLogsClient(clientOptions(calledService(waxwing)));
  await fail('nowhere');
});
after(() => waxwing.remove());

/** Connects, and fails on a channel: the queue does not exist. */
async function fail(queue: string): Promise<void> {
  const client = await waxwing.connect(await waxwing.brokerUrl(rabbitId));
  const channel = await client.model.createChannel();
  channel.on('error', () => {});
  await assert.rejects(channel.checkQueue(queue));
  await client.model.close();
}

/** The messages of a group that match, once there are some. */
async function messages(
  category: string,
  request: Partial<FilterLogEventsCommandInput> = {},
): Promise<string[]> {
  return until(`lines in ${category}`, async () => {
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: groupOf(rabbitId, category), ...request }),
    );
    return events.length === 0 ? undefined : events.map(({ message = '' }) => message);
  });
}

test('log groups are listed by name, for enabled logs only', async () => {
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  const expected = [
    ...['channel', 'connection', 'general', 'mirroring', 'queue'].map((c) => groupOf(rabbitId, c)),
    ...['audit', 'general'].map((c) => groupOf(activeId, c)),
  ].sort();
  assert.deepEqual(
    logGroups.map(({ logGroupName }) => logGroupName),
    expected,
  );
  const [first] = logGroups;
  assert.match(
    first?.arn ?? '',
    /^arn:aws:logs:us-west-2:\d{12}:log-group:\/aws\/amazonmq\/.*:\*$/,
  );
  const page = await logs.send(new DescribeLogGroupsCommand({ limit: 4 }));
  assert.equal(page.logGroups?.length, 4);
  const rest = await logs.send(new DescribeLogGroupsCommand({ nextToken: page.nextToken }));
  assert.equal(rest.logGroups?.length, 3);
  assert.equal(rest.nextToken, undefined);
  const prefix = groupOf(rabbitId, 'c');
  const some = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: prefix }));
  assert.equal(some.logGroups?.length, 2);
  // The pattern is case-sensitive.
  for (const [logGroupNamePattern, count] of [
    ['/chann', 1],
    ['/Chann', 0],
    [rabbitId, 5],
  ] as const) {
    const found = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePattern }));
    assert.equal(found.logGroups?.length, count, logGroupNamePattern);
  }
  await assert.rejects(logs.send(new DescribeLogGroupsCommand({ nextToken: 'bmV4dA' })), {
    name: 'InvalidParameterException',
    message: 'The specified nextToken is invalid.',
  });
});

test('connections and failed channels are in their logs, in the words of RabbitMQ', async () => {
  const accepted = await messages('connection', { filterPattern: '"accepting AMQP connection"' });
  assert.match(
    accepted[0] ?? '',
    /^\d{4}-\d\d-\d\d [\d:.]{15}\+00:00 \[info\] (<0\.\d+\.0>) accepting AMQP connection \1 \(127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+\)$/,
  );
  const [granted = ''] = await messages('connection', { filterPattern: 'authenticated granted' });
  assert.match(granted, /user 'admin' authenticated and granted access to vhost '\/'$/);
  const [closed = ''] = await messages('connection', { filterPattern: 'closing' });
  assert.match(closed, /closing AMQP connection .*vhost: '\/', user: 'admin', duration: '\d+s'\)$/);
  const [failed = ''] = await messages('channel');
  assert.match(
    failed,
    /\[error\] .* operation queue\.declare caused a channel exception not_found/,
  );
  assert.match(failed, /no queue 'nowhere' in vhost '\/'/);
});

test('a filter that matches nothing finds nothing, and an invalid one is refused', async () => {
  const logGroupName = groupOf(rabbitId, 'connection');
  const nothing = await logs.send(
    new FilterLogEventsCommand({ logGroupName, filterPattern: 'accepting -AMQP' }),
  );
  assert.deepEqual(nothing.events, []);
  await assert.rejects(
    logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern: '%(%' })),
    { name: 'InvalidParameterException', message: /Invalid filter pattern/ },
  );
  await assert.rejects(logs.send(new FilterLogEventsCommand({ logGroupName: '/aws/none' })), {
    name: 'ResourceNotFoundException',
    message: 'The specified log group does not exist.',
  });
  await assert.rejects(logs.send(new FilterLogEventsCommand({ logGroupName, limit: 10_001 })), {
    name: 'InvalidParameterException',
    message: /at 'limit' failed to satisfy constraint/,
  });
  await assert.rejects(logs.send(new GetLogGroupFieldsCommand({ logGroupName })), {
    name: 'UnsupportedOperationException',
  });
});

test('the stream of an ActiveMQ broker is read page by page until the token repeats', async () => {
  const logGroupName = groupOf(activeId, 'general');
  const { logStreams = [] } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
  const [{ logStreamName = '' } = {}] = logStreams;
  assert.equal(logStreamName, `activemq-${activeId}-1.log`);
  const texts: string[] = [];
  let nextToken: string | undefined;
  for (;;) {
    const page: GetLogEventsCommandOutput = await logs.send(
      new GetLogEventsCommand({
        logGroupName,
        logStreamName,
        startFromHead: true,
        limit: 2,
        ...(nextToken !== undefined && { nextToken }),
      }),
    );
    texts.push(...(page.events ?? []).map(({ message = '' }) => message));
    if (page.nextForwardToken === nextToken) break;
    nextToken = page.nextForwardToken;
  }
  assert.match(texts[0] ?? '', /\| INFO \| Apache ActiveMQ .* is starting \|/);
  assert.ok(texts.some((text) => /Connector openwire\+ssl started/.test(text)));
});

test('a range of FilterLogEvents includes its end, one of GetLogEvents does not', async () => {
  const logGroupName = groupOf(activeId, 'general');
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  const [{ logStreamName, timestamp: first = 0 } = {}] = events;
  const last = events.at(-1)?.timestamp ?? 0;
  assert.ok(first < last);
  const timesOf = (found: readonly { timestamp?: number | undefined }[] = []) =>
    found.map(({ timestamp }) => timestamp);
  for (const [startTime, endTime] of [
    [first, first],
    [first, last],
    [last, last],
    [first + 1, last - 1],
  ] as const) {
    const range = { logGroupName, logStreamName, startTime, endTime };
    const through = await logs.send(new FilterLogEventsCommand(range));
    const before = await logs.send(new GetLogEventsCommand({ ...range, startFromHead: true }));
    const times = timesOf(events).filter((at = 0) => at >= startTime && at <= endTime);
    assert.deepEqual(timesOf(through.events), times);
    assert.deepEqual(
      timesOf(before.events),
      times.filter((at) => at !== endTime),
    );
  }
});

test('retention, tags and deletion of a group are kept and are in the trail', async () => {
  const logGroupName = groupOf(activeId, 'audit');
  const group = async () => {
    const found = await logs.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }),
    );
    return found.logGroups?.[0];
  };
  await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 7 }));
  assert.equal((await group())?.retentionInDays, 7);
  await assert.rejects(
    logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 8 })),
    { name: 'InvalidParameterException' },
  );
  const resourceArn = (await group())?.arn?.replace(/:\*$/, '') ?? '';
  await logs.send(new TagResourceCommand({ resourceArn, tags: { team: 'shop', stage: 'test' } }));
  await logs.send(new UntagResourceCommand({ resourceArn, tagKeys: ['stage'] }));
  const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(tags, { team: 'shop' });
  await logs.send(new DeleteRetentionPolicyCommand({ logGroupName }));
  assert.equal((await group())?.retentionInDays, undefined);
  await logs.send(new DeleteLogGroupCommand({ logGroupName }));
  const afterwards = await logs.send(new ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(afterwards.tags, {});
  const LookupAttributes = [
    { AttributeKey: 'EventSource' as const, AttributeValue: 'logs.amazonaws.com' },
  ];
  const { Events = [] } = await waxwing.trail.send(new LookupEventsCommand({ LookupAttributes }));
  const writes = Events.filter(({ ReadOnly }) => ReadOnly === 'false').map(
    ({ EventName, CloudTrailEvent = '' }) =>
      `${EventName} ${JSON.parse(CloudTrailEvent).errorCode ?? 'done'}`,
  );
  assert.deepEqual(writes, [
    'DeleteLogGroup done',
    'DeleteRetentionPolicy done',
    'UntagResource done',
    'TagResource done',
    'PutRetentionPolicy InvalidParameterException',
    'PutRetentionPolicy done',
  ]);
});

test('callers create groups without events, whose settings survive a restart', async () => {
  const logGroupName = '/shop/orders';
  const listed = async () => {
    const prefix = { logGroupNamePrefix: '/shop' };
    return (await logs.send(new DescribeLogGroupsCommand(prefix))).logGroups ?? [];
  };
  await logs.send(new CreateLogGroupCommand({ logGroupName, tags: { team: 'shop' } }));
  await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 3 }));
  const refusals = [
    [{ logGroupName }, 'ResourceAlreadyExistsException'],
    [{ logGroupName: groupOf(rabbitId, 'channel') }, 'ResourceAlreadyExistsException'],
    [{ logGroupName: '/shop/a', kmsKeyId: 'alias/shop' }, 'InvalidParameterException'],
    [{ logGroupName: '/shop/b', logGroupClass: 'DELIVERY' }, 'InvalidParameterException'],
    [{ logGroupName: '/shop/a b' }, 'InvalidParameterException'],
  ] as const;
  for (const [request, name] of refusals) {
    await assert.rejects(logs.send(new CreateLogGroupCommand(request)), { name });
  }
  const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  assert.deepEqual(events, []);
  await waxwing.stop();
  await waxwing.restart();
  logs = new CloudWatchLogsClient(clientOptions(calledService(waxwing)));
  const [group, ...others] = await listed();
  assert.deepEqual([group?.logGroupName, group?.retentionInDays, others], [logGroupName, 3, []]);
  const resourceArn = group?.logGroupArn;
  const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(tags, { team: 'shop' });
  await logs.send(new DeleteLogGroupCommand({ logGroupName }));
  assert.deepEqual(await listed(), []);
  await assert.rejects(logs.send(new DeleteLogGroupCommand({ logGroupName })), {
    name: 'ResourceNotFoundException',
  });
});

test('events and streams of callers and resource policies are refused by name', async () => {
  const logGroupName = groupOf(rabbitId, 'general');
  const stream = { logGroupName, logStreamName: 'mine' };
  const logEvents = [{ timestamp: Date.now(), message: 'text' }];
  const name = 'UnsupportedOperationException';
  const writers = { name, message: 'Only brokers write log events, to streams of their own.' };
  await assert.rejects(logs.send(new CreateLogStreamCommand(stream)), writers);
  await assert.rejects(logs.send(new PutLogEventsCommand({ ...stream, logEvents })), writers);
  await assert.rejects(logs.send(new DeleteLogStreamCommand(stream)), writers);
  const policies = { name, message: /brokers write their logs without one/ };
  await assert.rejects(logs.send(new DescribeResourcePoliciesCommand({})), policies);
  const policy = { policyName: 'mq', policyDocument: '{}' };
  await assert.rejects(logs.send(new PutResourcePolicyCommand(policy)), policies);
});

test('groups can be deleted page by page', async () => {
  const made = ['a', 'b', 'c', 'd', 'e'].map((letter) => `/pages/${letter}`);
  for (const logGroupName of made) await logs.send(new CreateLogGroupCommand({ logGroupName }));
  const deleted: (string | undefined)[] = [];
  let nextToken: string | undefined;
  do {
    const page: DescribeLogGroupsCommandOutput = await logs.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: '/pages/', limit: 2, nextToken }),
    );
    for (const { logGroupName } of page.logGroups ?? []) {
      await logs.send(new DeleteLogGroupCommand({ logGroupName }));
      deleted.push(logGroupName);
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(deleted, made);
});

test('deleted events stay deleted after a restart, and the others stay', async () => {
  const logGroupName = groupOf(rabbitId, 'channel');
  await messages('channel');
  await logs.send(new DeleteLogGroupCommand({ logGroupName }));
  const kept = await messages('connection');
  await waxwing.stop();
  await waxwing.restart();
  logs = new CloudWatchLogsClient(clientOptions(calledService(waxwing)));
  await waxwing.brokerIs(rabbitId, 'RUNNING');
  const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  assert.deepEqual(events, []);
  const now = await messages('connection');
  assert.deepEqual(now.slice(0, kept.length), kept);
});

test('a user sees the logs that a policy allows, and no others', async () => {
  const called = calledService(waxwing);
  const iam = new IAMClient(clientOptions(called));
  await iam.send(new CreateUserCommand({ UserName: 'reader' }));
  const allowed = groupOf(rabbitId, 'connection');
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:FilterLogEvents', 'logs:GetLogEvents'],
        Resource: `arn:aws:logs:us-west-2:*:log-group:${allowed}:*`,
      },
    ],
  });
  await iam.send(
    new PutUserPolicyCommand({ UserName: 'reader', PolicyName: 'logs', PolicyDocument }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'reader' }));
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const reader = new CloudWatchLogsClient(clientOptions({ ...called, credentials }));
  const filter = (logGroupName: string) =>
    reader.send(new FilterLogEventsCommand({ logGroupName }));
  assert.ok((await filter(allowed)).events?.length);
  await assert.rejects(filter(groupOf(rabbitId, 'general')), { name: 'AccessDeniedException' });
  await assert.rejects(reader.send(new DescribeLogGroupsCommand({})), {
    name: 'AccessDeniedException',
  });
});

test('no log contains a password or a message', async () => {
  const secret = 'canary-of-a-body';
  const client = await waxwing.connect(await waxwing.brokerUrl(rabbitId));
  await client.publish('orders', [secret]);
  await client.model.close();
  const wrong = (await waxwing.brokerUrl(rabbitId)).replace(password, 'canary-of-a-password');
  await assert.rejects(waxwing.connect(wrong));
  await messages('general', { filterPattern: '"log-in failed"' });
  for (const category of ['general', 'connection', 'channel']) {
    const logGroupName = groupOf(rabbitId, category);
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    for (const { message = '' } of events) {
      assert.ok(!message.includes('canary') && !message.includes(password), message);
    }
  }
});

test('aws logs tail --follow prints lines as they are written', {
  skip: typeof clis === 'string' && clis,
}, async () => {
  for (const { path } of all(clis)) {
    // Otherwise Python holds back what it writes to a pipe.
    const env = { ...clientEnvironment(calledService(waxwing)), PYTHONUNBUFFERED: '1' };
    const endpoint = ['--endpoint-url', calledService(waxwing).endpoint.url];
    const described = await runAwsCli(
      path,
      [
        'logs',
        'describe-log-streams',
        '--log-group-name',
        groupOf(rabbitId, 'connection'),
        ...endpoint,
      ],
      env,
    );
    assert.match(described.stdout, /"logStreamName": "rabbit@b-/);
    const tail = spawn(
      path,
      ['logs', 'tail', groupOf(rabbitId, 'channel'), '--follow', '--since', '10m', ...endpoint],
      { env },
    );
    let output = '';
    tail.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    tail.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    try {
      for (const queue of ['first-queue', 'second-queue']) {
        await fail(queue);
        await until(
          () => `${queue} in: ${output}`,
          () => output.includes(`no queue '${queue}'`),
          60_000,
        );
      }
    } finally {
      tail.kill();
    }
  }
});

test('boto3 reads events through its paginator', {
  skip: typeof pythons === 'string' && pythons,
}, async () => {
  for (const { path } of all(pythons)) {
    const boto3 = new Boto3(path, calledService(waxwing));
    try {
      const logGroupName = groupOf(rabbitId, 'connection');
      const page = await boto3.call('logs', 'filter_log_events', { logGroupName, limit: 1 });
      assert.equal(page.events.length, 1);
      const next = await boto3.call('logs', 'filter_log_events', {
        logGroupName,
        limit: 1,
        nextToken: page.nextToken,
      });
      assert.notEqual(next.events[0].eventId, page.events[0].eventId);
      const { logGroups } = await boto3.call('logs', 'describe_log_groups', {});
      assert.equal(logGroups.length, 7);
    } finally {
      boto3.close();
    }
  }
});
