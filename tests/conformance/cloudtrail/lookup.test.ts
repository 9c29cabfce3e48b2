import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type LookupAttributeKey,
  LookupEventsCommand,
  type LookupEventsCommandInput,
} from '@aws-sdk/client-cloudtrail';
import { CreateAliasCommand, DescribeKeyCommand, ListKeysCommand } from '@aws-sdk/client-kms';
import { createBroker, createKey, createServiceRole } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let plane: ControlPlane;
let keyArn = '';
let brokerArn = '';
let beganMs = 0;
/**
 * One event a minute: CreateKey, CreateAlias, DescribeKey, a failed DescribeKey, then a broker's.
 */
before(async () => {
  plane = await ControlPlane.start();
  await createServiceRole(plane);
  const { clock } = plane.machine;
  beganMs = clock.nowMs();
  keyArn = await createKey(plane);
  clock.advance(minuteMs);
  await plane.kms.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: keyArn }));
  clock.advance(minuteMs);
  await plane.kms.send(new DescribeKeyCommand({ KeyId: keyArn }));
  clock.advance(minuteMs);
  await assert.rejects(plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/none' })));
  clock.advance(minuteMs);
  brokerArn = plane.control.brokers.require(await createBroker(plane)).arn;
  clock.advance(minuteMs);
});
after(() => plane.close());

function lookUp(input: LookupEventsCommandInput) {
  return plane.trail.send(new LookupEventsCommand(input));
}

/** The names of the found events, except for the look-ups. */
async function names(input: LookupEventsCommandInput): Promise<(string | undefined)[]> {
  const { Events = [] } = await lookUp({ EndTime: new Date(beganMs + 4.5 * minuteMs), ...input });
  return Events.map(({ EventName }) => EventName).filter((name) => name !== 'LookupEvents');
}

function by(AttributeKey: LookupAttributeKey, AttributeValue: string): LookupEventsCommandInput {
  return { LookupAttributes: [{ AttributeKey, AttributeValue }] };
}

const all = ['CreateBroker', 'DescribeKey', 'DescribeKey', 'CreateAlias', 'CreateKey'];

test('events are returned newest first', async () => {
  assert.deepEqual(await names({}), all);
});

test('a listed event has its summary fields and its full record', async () => {
  const { Events = [] } = await lookUp({ ...by('EventName', 'CreateAlias') });
  const [{ CloudTrailEvent = '', ...shown } = {}] = Events;
  const record = JSON.parse(CloudTrailEvent);
  assert.deepEqual(shown, {
    EventId: record.eventID,
    EventName: 'CreateAlias',
    ReadOnly: 'false',
    AccessKeyId: plane.credentials.accessKeyId,
    EventTime: new Date(beganMs + minuteMs),
    EventSource: 'kms.amazonaws.com',
    Username: 'root',
    Resources: [{ ResourceType: 'AWS::KMS::Key', ResourceName: keyArn }],
  });
  assert.equal(record.eventTime, `${new Date(beganMs + minuteMs).toISOString().slice(0, 19)}Z`);
});

test('events can be looked up by each attribute, case-sensitively', async () => {
  const { Events = [] } = await lookUp({ ...by('EventName', 'CreateKey') });
  const EventId = Events[0]?.EventId ?? '';
  const expected: readonly [LookupAttributeKey, value: string, found: readonly string[]][] = [
    ['EventId', EventId, ['CreateKey']],
    ['EventName', 'DescribeKey', ['DescribeKey', 'DescribeKey']],
    ['EventName', 'describekey', []],
    ['ReadOnly', 'true', ['DescribeKey', 'DescribeKey']],
    ['ReadOnly', 'false', ['CreateBroker', 'CreateAlias', 'CreateKey']],
    ['Username', 'root', all],
    ['Username', 'Root', []],
    ['ResourceType', 'AWS::KMS::Key', ['DescribeKey', 'CreateAlias', 'CreateKey']],
    ['ResourceType', 'AWS::AmazonMQ::Broker', ['CreateBroker']],
    ['ResourceName', keyArn, ['DescribeKey', 'CreateAlias', 'CreateKey']],
    ['ResourceName', brokerArn, ['CreateBroker']],
    ['ResourceName', keyArn.slice(0, -1), []],
    ['EventSource', 'amazonmq.amazonaws.com', ['CreateBroker']],
    ['EventSource', 'mq.amazonaws.com', []],
    ['AccessKeyId', plane.credentials.accessKeyId, all],
    ['AccessKeyId', 'AKIAOTHER', []],
  ];
  for (const [key, value, found] of expected) {
    assert.deepEqual(await names(by(key, value)), found, `${key} ${value}`);
  }
});

test('a time range includes both of its ends', async () => {
  const at = (minutes: number) => new Date(beganMs + minutes * minuteMs);
  const range = (from: number, to: number) => names({ StartTime: at(from), EndTime: at(to) });
  assert.deepEqual(await range(1, 2), ['DescribeKey', 'CreateAlias']);
  assert.deepEqual(await range(1, 1), ['CreateAlias']);
  assert.deepEqual(await range(1.1, 1.9), []);
  assert.deepEqual(await range(-10, 0), ['CreateKey']);
  assert.deepEqual(await names({ EndTime: at(1) }), ['CreateAlias', 'CreateKey']);
  assert.deepEqual(await range(2, 100), ['CreateBroker', 'DescribeKey', 'DescribeKey']);
});

test('a range of one event’s displayed time contains it, with or without milliseconds', async () => {
  const { clock } = plane.machine;
  clock.advance(1000 - (clock.nowMs() % 1000) + 900);
  const KeyId = await createKey(plane);
  clock.advance(5000);
  const { Events = [] } = await lookUp(by('ResourceName', KeyId));
  const shown = Events[0]?.EventTime;
  assert.equal(shown?.getMilliseconds(), 0);
  const range = { StartTime: shown, EndTime: shown };
  assert.equal((await lookUp({ ...by('ResourceName', KeyId), ...range })).Events?.length, 1);
});

test('pages have the requested size and together contain each event once', async () => {
  const range = { StartTime: new Date(beganMs), EndTime: new Date(beganMs + 4.5 * minuteMs) };
  const found: (string | undefined)[] = [];
  const sizes: number[] = [];
  let NextToken: string | undefined;
  do {
    const page = await lookUp({ ...range, MaxResults: 2, NextToken });
    sizes.push(page.Events?.length ?? 0);
    found.push(...(page.Events ?? []).map(({ EventName }) => EventName));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.deepEqual(sizes, [2, 2, 1]);
  assert.deepEqual(found, all);
});

test('new events do not change the following pages', async () => {
  const range = { StartTime: new Date(beganMs), EndTime: new Date(beganMs + 90 * minuteMs) };
  const first = await lookUp({ ...range, ...by('EventName', 'DescribeKey'), MaxResults: 1 });
  await plane.kms.send(new DescribeKeyCommand({ KeyId: keyArn }));
  const { NextToken } = first;
  assert.ok(NextToken);
  const second = await lookUp({
    ...range,
    ...by('EventName', 'DescribeKey'),
    MaxResults: 1,
    NextToken,
  });
  assert.deepEqual(second.Events?.[0]?.EventTime, new Date(beganMs + 2 * minuteMs));
});

test('a page has 50 events by default', async () => {
  for (let i = 0; i < 51; i++) await plane.kms.send(new ListKeysCommand({}));
  const { Events, NextToken } = await lookUp({});
  assert.equal(Events?.length, 50);
  assert.ok(NextToken);
});

const refused: readonly [what: string, LookupEventsCommandInput, name: string, message: RegExp][] =
  [
    [
      'two attributes',
      {
        LookupAttributes: [
          { AttributeKey: 'EventName', AttributeValue: 'a' },
          { AttributeKey: 'ReadOnly', AttributeValue: 'true' },
        ],
      },
      'InvalidLookupAttributesException',
      /2 lookup attributes are given; at most 1 is allowed/,
    ],
    [
      'ReadOnly that is neither',
      by('ReadOnly', 'yes'),
      'InvalidLookupAttributesException',
      /true or false/,
    ],
    [
      'an attribute that there is not',
      by('Color' as LookupAttributeKey, 'red'),
      'ValidationException',
      /Member must satisfy enum value set: \[EventId, /,
    ],
    ['an empty value', by('EventName', ''), 'ValidationException', /greater than or equal to 1/],
    ['no results', { MaxResults: 0 }, 'InvalidMaxResultsException', /1 to 50 are allowed/],
    ['51 results', { MaxResults: 51 }, 'InvalidMaxResultsException', /1 to 50 are allowed/],
    [
      'a range that ends before it begins',
      { StartTime: new Date(2000), EndTime: new Date(1000) },
      'InvalidTimeRangeException',
      /later than the end time/,
    ],
    [
      'a category that there is not',
      { EventCategory: 'data' as 'insight' },
      'InvalidEventCategoryException',
      /Valid values are: insight/,
    ],
    [
      'a token that is none',
      { NextToken: 'next' },
      'InvalidNextTokenException',
      /does not belong to/,
    ],
  ];
for (const [what, input, name, message] of refused) {
  test(`a lookup with ${what} is refused`, async () => {
    await assert.rejects(lookUp(input), { name, message });
  });
}

test('a pagination token is valid only for the lookup that returned it', async () => {
  const { NextToken } = await lookUp({ ...by('Username', 'root'), MaxResults: 1 });
  assert.ok(NextToken);
  await lookUp({ ...by('Username', 'root'), MaxResults: 5, NextToken });
  const others: readonly LookupEventsCommandInput[] = [
    {},
    by('Username', 'other'),
    { ...by('Username', 'root'), StartTime: new Date(0) },
  ];
  for (const other of others) {
    await assert.rejects(lookUp({ ...other, NextToken }), { name: 'InvalidNextTokenException' });
  }
});

test('a token with an invalid position is refused like any other invalid token', async () => {
  const { NextToken = '' } = await lookUp({ MaxResults: 1 });
  const [, fingerprint] = JSON.parse(Buffer.from(NextToken, 'base64url').toString());
  for (const cursor of ['', '1', 0, -1, 1.5, 2 ** 53, null, [1], {}]) {
    const forged = Buffer.from(JSON.stringify([cursor, fingerprint])).toString('base64url');
    await assert.rejects(lookUp({ NextToken: forged }), { name: 'InvalidNextTokenException' });
  }
  const beyond = Buffer.from(JSON.stringify([999_999, fingerprint])).toString('base64url');
  assert.ok((await lookUp({ NextToken: beyond })).Events);
});

test('the insight category returns no events', async () => {
  assert.deepEqual((await lookUp({ EventCategory: 'insight' })).Events, []);
  for (const [what, input, name, message] of refused) {
    const asked = { EventCategory: 'insight' as const, ...input };
    await assert.rejects(lookUp(asked), { name, message }, what);
  }
});

test('a lookup is recorded as an event', async () => {
  await lookUp({ ...by('EventName', 'CreateKey'), MaxResults: 7 });
  const { Events = [] } = await lookUp({ ...by('EventName', 'LookupEvents'), MaxResults: 1 });
  const record = JSON.parse(Events[0]?.CloudTrailEvent ?? '');
  assert.equal(record.eventSource, 'cloudtrail.amazonaws.com');
  assert.deepEqual(record.requestParameters, {
    lookupAttributes: [{ attributeKey: 'EventName', attributeValue: 'CreateKey' }],
    maxResults: 7,
  });
  assert.deepEqual([record.readOnly, record.responseElements], [true, null]);
});

test('events can be looked up for 90 days', async () => {
  await plane.advance(90 * dayMs - 5 * minuteMs);
  const { Events: kept = [] } = await lookUp({ ...by('EventName', 'CreateAlias') });
  assert.equal(kept.length, 1);
  await plane.advance(minuteMs);
  const { Events: gone = [] } = await lookUp({ ...by('EventName', 'CreateAlias') });
  assert.equal(gone.length, 0);
  const since = { ...by('EventName', 'CreateAlias'), StartTime: new Date(0) };
  assert.deepEqual((await lookUp(since)).Events, []);
});
