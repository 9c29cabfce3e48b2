import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  AddTagsCommand,
  CreateTrailCommand,
  type CreateTrailCommandInput,
  DeleteTrailCommand,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetInsightSelectorsCommand,
  GetTrailCommand,
  GetTrailStatusCommand,
  ListPublicKeysCommand,
  ListTagsCommand,
  ListTrailsCommand,
  PutEventSelectorsCommand,
  PutInsightSelectorsCommand,
  RemoveTagsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import { DisableKeyCommand, ListKeysCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import type { EventRecord } from '../../../src/audit/record.ts';
import { createKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { signRequest } from '../../support/sign-request.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const hourMs = 3_600_000;
const arn = (name: string) => `arn:aws:cloudtrail:${region}:${accountId}:trail/${name}`;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

/** Creates a trail for one test, which deletes it. */
async function withTrail(
  input: Partial<CreateTrailCommandInput>,
  use: (name: string) => Promise<void>,
): Promise<void> {
  const Name = input.Name ?? 'all';
  await plane.trail.send(new CreateTrailCommand({ Name, S3BucketName: 'logs', ...input }));
  try {
    await use(Name);
  } finally {
    await plane.trail.send(new DeleteTrailCommand({ Name }));
  }
}

/** A signed request to the buckets. */
async function bucket(path: string, query: Readonly<Record<string, string>> = {}, method = 'GET') {
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...plane.credentials, region, service: 's3', atMs };
  const plain = { method, path, query, headers: {}, body: '' };
  const { status, headers, body } = await plane.answerBytes(await signRequest(plain, signing));
  return { status, headers, body: Buffer.from(body) };
}

async function keysIn(name: string, prefix = ''): Promise<string[]> {
  const { body } = await bucket(`/${name}`, { 'list-type': '2', prefix });
  return [...body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
}

async function json(name: string, key: string): Promise<Record<string, unknown>> {
  const { body, status } = await bucket(`/${name}/${key}`);
  assert.equal(status, 200);
  return JSON.parse(gunzipSync(body).toString());
}

/** Performs the deliveries that are due after some time. */
async function deliver(afterMs: number): Promise<void> {
  plane.machine.clock.advance(afterMs);
  plane.audit.delivery.tick(plane.machine.clock.nowMs());
  await plane.audit.delivery.idle();
  assert.deepEqual(plane.deliveryFailures, []);
}

test('a trail is created, described, changed and deleted', async () => {
  const input = {
    Name: 'first.trail',
    S3BucketName: 'my-logs',
    S3KeyPrefix: 'audit',
    EnableLogFileValidation: true,
    IsMultiRegionTrail: true,
    TagsList: [{ Key: 'team', Value: 'ops' }],
  };
  const { $metadata: _, ...made } = await plane.trail.send(new CreateTrailCommand(input));
  const shown = {
    Name: 'first.trail',
    S3BucketName: 'my-logs',
    S3KeyPrefix: 'audit',
    IncludeGlobalServiceEvents: true,
    IsMultiRegionTrail: true,
    TrailARN: arn('first.trail'),
    LogFileValidationEnabled: true,
    IsOrganizationTrail: false,
  };
  assert.deepEqual(made, shown);
  const full = { ...shown, HomeRegion: region, HasCustomEventSelectors: false };
  const { Trail } = await plane.trail.send(new GetTrailCommand({ Name: arn('first.trail') }));
  assert.deepEqual(Trail, { ...full, HasInsightSelectors: false });
  const { trailList } = await plane.trail.send(new DescribeTrailsCommand({}));
  assert.deepEqual(trailList, [Trail]);
  const others = await plane.trail.send(new DescribeTrailsCommand({ trailNameList: ['other'] }));
  assert.deepEqual(others.trailList, []);
  const { Trails } = await plane.trail.send(new ListTrailsCommand({}));
  assert.deepEqual(Trails, [
    { TrailARN: arn('first.trail'), Name: 'first.trail', HomeRegion: region },
  ]);
  const update = {
    Name: 'first.trail',
    S3BucketName: 'other-logs',
    EnableLogFileValidation: false,
  };
  const updated = await plane.trail.send(new UpdateTrailCommand(update));
  assert.equal(updated.S3BucketName, 'other-logs');
  assert.equal(updated.LogFileValidationEnabled, false);
  assert.equal(updated.S3KeyPrefix, 'audit');
  await plane.trail.send(new DeleteTrailCommand({ Name: 'first.trail' }));
  await assert.rejects(plane.trail.send(new GetTrailCommand({ Name: 'first.trail' })), {
    name: 'TrailNotFoundException',
    message: `Unknown trail: first.trail for the user: ${accountId}`,
  });
  const [event] = await eventsNamed(plane, 'CreateTrail');
  assert.deepEqual(
    [event?.readOnly, event?.resources],
    [false, [{ accountId, type: 'AWS::CloudTrail::Trail', ARN: arn('first.trail') }]],
  );
  assert.deepEqual(event?.requestParameters, {
    name: 'first.trail',
    s3BucketName: 'my-logs',
    s3KeyPrefix: 'audit',
    enableLogFileValidation: true,
    isMultiRegionTrail: true,
    tagsList: [{ key: 'team', value: 'ops' }],
  });
});

test('a new trail does not log until it is started, and its status tells when', async () => {
  await withTrail({ EnableLogFileValidation: true }, async (Name) => {
    const status = () => plane.trail.send(new GetTrailStatusCommand({ Name }));
    assert.equal((await status()).IsLogging, false);
    await plane.trail.send(new StartLoggingCommand({ Name }));
    const startedMs = plane.machine.clock.nowMs();
    await plane.kms.send(new ListKeysCommand({}));
    await deliver(hourMs);
    await plane.trail.send(new StopLoggingCommand({ Name: arn(Name) }));
    const { $metadata: _, ...found } = await status();
    const nowMs = plane.machine.clock.nowMs();
    assert.equal(found.IsLogging, false);
    assert.equal(found.StartLoggingTime?.getTime(), Math.floor(startedMs / 1000) * 1000);
    assert.equal(found.LatestDeliveryTime?.getTime(), Math.floor(nowMs / 1000) * 1000);
    assert.equal(found.LatestDigestDeliveryTime?.getTime(), Math.floor(nowMs / 1000) * 1000);
    assert.match(found.TimeLoggingStopped ?? '', /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });
});

test('log files contain the events since the start, readable through the bucket', async () => {
  await withTrail({ S3BucketName: 'readable', S3KeyPrefix: 'p/q' }, async (Name) => {
    await plane.trail.send(new StartLoggingCommand({ Name }));
    await plane.kms.send(new ListKeysCommand({}));
    await deliver(300_000);
    const [key = '', ...more] = await keysIn('readable', `p/q/AWSLogs/${accountId}/CloudTrail/`);
    assert.deepEqual(more, []);
    const { Records } = (await json('readable', key)) as { Records: EventRecord[] };
    assert.deepEqual(
      Records.map(({ eventName }) => eventName),
      ['StartLogging', 'ListKeys'],
    );
    const [listed] = await eventsNamed(plane, 'ListKeys').then((events) => events.slice(-1));
    assert.deepEqual(Records[1], listed);
    const location = await bucket('/readable', { location: '' });
    assert.match(location.body.toString(), /<LocationConstraint xmlns=".*">us-west-2</);
    const head = await bucket(`/readable/${key}`, {}, 'HEAD');
    assert.equal(head.headers['x-amz-server-side-encryption'], 'AES256');
    const missing = await bucket(`/readable/${key}x`);
    assert.deepEqual([missing.status, /NoSuchKey/.test(missing.body.toString())], [404, true]);
    const none = await bucket('/none');
    assert.deepEqual([none.status, /NoSuchBucket/.test(none.body.toString())], [404, true]);
    for (const path of ['/readable/../x.json.gz', '/readable/a/../../b.json.gz', '/..']) {
      assert.equal((await bucket(path)).status, 404, path);
    }
  });
});

test('listings have pages in the order of keys', async () => {
  await withTrail({ S3BucketName: 'paged' }, async (Name) => {
    await plane.trail.send(new StartLoggingCommand({ Name }));
    for (let i = 0; i < 5; i++) {
      await plane.kms.send(new ListKeysCommand({}));
      await deliver(24 * hourMs);
    }
    const all = await keysIn('paged');
    assert.equal(all.length, 5);
    assert.deepEqual([...all].sort(), all);
    const found: string[] = [];
    for (let marker = ''; ; marker = found.at(-1) ?? '') {
      const { body } = await bucket('/paged', { marker, 'max-keys': '2' });
      const text = body.toString();
      found.push(...[...text.matchAll(/<Key>([^<]+)</g)].map(([, key = '']) => key));
      if (text.includes('<IsTruncated>false<')) break;
    }
    assert.deepEqual(found, all);
  });
});

test('reads of log files are data events, which lookups do not show', async () => {
  const events = await eventsNamed(plane, 'GetObject');
  assert.deepEqual(events, []);
  assert.match(plane.written, /"eventName":"GetObject"/);
});

test('event selectors choose what is delivered', async () => {
  await withTrail({ S3BucketName: 'selected' }, async (Name) => {
    const AdvancedEventSelectors = [
      {
        Name: 'writes',
        FieldSelectors: [
          { Field: 'eventCategory', Equals: ['Management'] },
          { Field: 'readOnly', Equals: ['false'] },
        ],
      },
    ];
    const put = new PutEventSelectorsCommand({ TrailName: Name, AdvancedEventSelectors });
    assert.deepEqual((await plane.trail.send(put)).AdvancedEventSelectors, AdvancedEventSelectors);
    const get = new GetEventSelectorsCommand({ TrailName: arn(Name) });
    assert.deepEqual((await plane.trail.send(get)).AdvancedEventSelectors, AdvancedEventSelectors);
    const { Trail } = await plane.trail.send(new GetTrailCommand({ Name }));
    assert.equal(Trail?.HasCustomEventSelectors, true);
    await plane.trail.send(new StartLoggingCommand({ Name }));
    await plane.kms.send(new ListKeysCommand({}));
    await createKey(plane);
    await deliver(300_000);
    const [key = ''] = await keysIn('selected');
    const { Records } = (await json('selected', key)) as { Records: EventRecord[] };
    assert.deepEqual(
      Records.map(({ eventName }) => eventName),
      ['StartLogging', 'CreateKey'],
    );
    const EventSelectors = [
      {
        ReadWriteType: 'WriteOnly' as const,
        IncludeManagementEvents: true,
        DataResources: [],
        ExcludeManagementEventSources: ['kms.amazonaws.com'],
      },
    ];
    const basic = new PutEventSelectorsCommand({ TrailName: Name, EventSelectors });
    assert.deepEqual((await plane.trail.send(basic)).EventSelectors, EventSelectors);
    const both = new PutEventSelectorsCommand({
      TrailName: Name,
      EventSelectors,
      AdvancedEventSelectors,
    });
    await assert.rejects(plane.trail.send(both), { name: 'InvalidEventSelectorsException' });
  });
});

test('files tell who stopped their trail or set selectors that select nothing', async () => {
  await withTrail({ S3BucketName: 'unhidden' }, async (Name) => {
    await plane.trail.send(new StartLoggingCommand({ Name }));
    const EventSelectors = [
      { ReadWriteType: 'ReadOnly' as const, IncludeManagementEvents: false, DataResources: [] },
    ];
    await plane.trail.send(new PutEventSelectorsCommand({ TrailName: Name, EventSelectors }));
    await createKey(plane);
    await plane.trail.send(new StopLoggingCommand({ Name }));
    await createKey(plane);
    await deliver(300_000);
    const names: string[] = [];
    for (const key of await keysIn('unhidden')) {
      const { Records } = (await json('unhidden', key)) as { Records: EventRecord[] };
      names.push(...Records.map(({ eventName }) => eventName));
    }
    assert.deepEqual(names.sort(), ['PutEventSelectors', 'StartLogging', 'StopLogging']);
  });
});

test('Insights selectors are refused as on a trail without Insights', async () => {
  await withTrail({}, async (TrailName) => {
    const put = new PutInsightSelectorsCommand({ TrailName, InsightSelectors: [] });
    await assert.rejects(plane.trail.send(put), { name: 'UnsupportedOperationException' });
    const get = new GetInsightSelectorsCommand({ TrailName });
    await assert.rejects(plane.trail.send(get), { name: 'InsightNotEnabledException' });
  });
});

test('tags are added, listed and removed', async () => {
  await withTrail({ TagsList: [{ Key: 'a', Value: '1' }] }, async (name) => {
    const ResourceId = arn(name);
    const TagsList = [{ Key: 'b', Value: '2' }];
    await plane.trail.send(new AddTagsCommand({ ResourceId, TagsList }));
    const list = () => plane.trail.send(new ListTagsCommand({ ResourceIdList: [ResourceId] }));
    assert.deepEqual((await list()).ResourceTagList, [
      { ResourceId, TagsList: [{ Key: 'a', Value: '1' }, ...TagsList] },
    ]);
    await plane.trail.send(new RemoveTagsCommand({ ResourceId, TagsList: [{ Key: 'a' }] }));
    assert.deepEqual((await list()).ResourceTagList, [{ ResourceId, TagsList }]);
    const many = Array.from({ length: 51 }, (_, i) => ({ Key: `${i}`, Value: 'x' }));
    await assert.rejects(plane.trail.send(new AddTagsCommand({ ResourceId, TagsList: many })), {
      name: 'TagsLimitExceededException',
    });
    const paged = new ListTagsCommand({ ResourceIdList: [ResourceId], NextToken: 'a' });
    await assert.rejects(plane.trail.send(paged), { name: 'InvalidTokenException' });
  });
});

const refused: readonly [what: string, Partial<CreateTrailCommandInput>, name: string][] = [
  ['a short name', { Name: 'ab' }, 'InvalidTrailNameException'],
  ['a name with adjacent marks', { Name: 'a._b' }, 'InvalidTrailNameException'],
  ['a name that is an address', { Name: '10.0.0.1' }, 'InvalidTrailNameException'],
  ['a name with other characters', { Name: 'my trail' }, 'InvalidTrailNameException'],
  ['an invalid bucket name', { S3BucketName: 'My_Logs' }, 'InvalidS3BucketNameException'],
  ['an invalid prefix', { S3KeyPrefix: '../x' }, 'InvalidS3PrefixException'],
  ['a topic', { SnsTopicName: 'topic' }, 'InvalidSnsTopicNameException'],
  [
    'a log group',
    { CloudWatchLogsLogGroupArn: 'arn:aws:logs:x' },
    'InvalidCloudWatchLogsLogGroupArnException',
  ],
  ['an organization', { IsOrganizationTrail: true }, 'OrganizationsNotInUseException'],
  ['an unknown key', { KmsKeyId: 'alias/none' }, 'KmsKeyNotFoundException'],
  [
    'contradicting regions',
    { IsMultiRegionTrail: true, IncludeGlobalServiceEvents: false },
    'InvalidParameterCombinationException',
  ],
];
for (const [what, input, name] of refused) {
  test(`a trail with ${what} is refused`, async () => {
    const command = new CreateTrailCommand({ Name: 'trail', S3BucketName: 'logs', ...input });
    await assert.rejects(plane.trail.send(command), { name });
    assert.equal((await plane.trail.send(new ListTrailsCommand({}))).Trails?.length, 0);
  });
}

test('a second trail with the same name and a sixth trail are refused', async () => {
  const names = ['t-1', 't-2', 't-3', 't-4', 't-5'];
  const create = (Name: string) =>
    plane.trail.send(new CreateTrailCommand({ Name, S3BucketName: 'logs' }));
  for (const name of names) await create(name);
  await assert.rejects(create('t-1'), { name: 'TrailAlreadyExistsException' });
  await assert.rejects(create('t-6'), { name: 'MaximumNumberOfTrailsExceededException' });
  for (const Name of names) await plane.trail.send(new DeleteTrailCommand({ Name }));
});

test('names and ARNs of trails that do not exist or are not valid have their own errors', async () => {
  const errorOf = async (Name: string) =>
    plane.trail.send(new StartLoggingCommand({ Name })).then(
      () => 'none',
      (error: Error) => error.name,
    );
  assert.equal(await errorOf('none'), 'TrailNotFoundException');
  assert.equal(await errorOf(arn('none')), 'TrailNotFoundException');
  assert.equal(await errorOf(arn('x').replace(region, 'eu-west-1')), 'TrailNotFoundException');
  assert.equal(await errorOf('arn:aws:s3:::x'), 'CloudTrailARNInvalidException');
  assert.equal(await errorOf('a'), 'InvalidTrailNameException');
});

test('public keys are listed for the time in which they sign', async () => {
  await withTrail({ EnableLogFileValidation: true }, async (Name) => {
    await plane.trail.send(new StartLoggingCommand({ Name }));
    await deliver(hourMs);
    const EndTime = new Date(plane.machine.clock.nowMs());
    const { PublicKeyList = [] } = await plane.trail.send(new ListPublicKeysCommand({ EndTime }));
    const [key] = PublicKeyList;
    assert.equal(PublicKeyList.length, 1);
    assert.match(key?.Fingerprint ?? '', /^[0-9a-f]{32}$/);
    // The beginning of a PKCS #1 key: a sequence with an integer of 257 bytes.
    assert.deepEqual(
      Buffer.from(key?.Value ?? [])
        .subarray(4, 9)
        .toString('hex'),
      '0282010100',
    );
    // Without times, the present key is listed.
    const present = await plane.trail.send(new ListPublicKeysCommand({}));
    assert.deepEqual(present.PublicKeyList, PublicKeyList);
    const lastYear = new ListPublicKeysCommand({
      EndTime: new Date(EndTime.getTime() - 400 * 24 * hourMs),
    });
    assert.deepEqual((await plane.trail.send(lastYear)).PublicKeyList, []);
    const later = new ListPublicKeysCommand({ StartTime: EndTime });
    assert.deepEqual((await plane.trail.send(later)).PublicKeyList, PublicKeyList);
    const paged = new ListPublicKeysCommand({ NextToken: 'a' });
    await assert.rejects(plane.trail.send(paged), { name: 'InvalidTokenException' });
    // The AWS CLI leaves out the part of a second.
    const fromMs = key?.ValidityStartTime?.getTime() ?? 0;
    const second = new Date(Math.floor(fromMs / 1000) * 1000);
    const atOnce = new ListPublicKeysCommand({ StartTime: new Date(0), EndTime: second });
    assert.deepEqual((await plane.trail.send(atOnce)).PublicKeyList, PublicKeyList);
    const early = new ListPublicKeysCommand({ StartTime: new Date(0), EndTime: new Date(1000) });
    assert.deepEqual((await plane.trail.send(early)).PublicKeyList, []);
    const wrong = new ListPublicKeysCommand({ StartTime: EndTime, EndTime: new Date(0) });
    await assert.rejects(plane.trail.send(wrong), { name: 'InvalidTimeRangeException' });
  });
});

test('files are sealed under the KMS key of their trail (aws:SourceArn), and reading them needs the key', async () => {
  const KeyId = await createKey(plane);
  const create = () =>
    plane.trail.send(
      new CreateTrailCommand({ Name: 'keyed', S3BucketName: 'keyed', KmsKeyId: KeyId }),
    );
  await assert.rejects(create(), { name: 'InsufficientEncryptionPolicyException' });
  const statement = { Effect: 'Allow', Resource: '*' };
  const policyFor = (trail: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          ...statement,
          Principal: { AWS: `arn:aws:iam::${accountId}:root` },
          Action: 'kms:*',
        },
        {
          ...statement,
          Principal: { Service: 'cloudtrail.amazonaws.com' },
          Action: 'kms:GenerateDataKey*',
          Condition: { StringEquals: { 'aws:SourceArn': arn(trail) } },
        },
      ],
    });
  const put = (trail: string) => {
    const Policy = policyFor(trail);
    return plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy, PolicyName: 'default' }));
  };
  await put('another');
  await assert.rejects(create(), { name: 'InsufficientEncryptionPolicyException' });
  await put('keyed');
  assert.equal((await create()).KmsKeyId, KeyId);
  await plane.trail.send(new StartLoggingCommand({ Name: 'keyed' }));
  await deliver(300_000);
  const [key = ''] = await keysIn('keyed');
  assert.ok(await json('keyed', key));
  const made = (await eventsNamed(plane, 'GenerateDataKey')).at(-1);
  assert.deepEqual(made?.userIdentity, {
    type: 'AWSService',
    invokedBy: 'cloudtrail.amazonaws.com',
  });
  assert.deepEqual(made?.requestParameters, {
    keyId: KeyId,
    encryptionContext: {
      'aws:cloudtrail:arn': arn('keyed'),
      'aws:s3:arn': `arn:aws:s3:::keyed/${key}`,
    },
    keySpec: 'AES_256',
  });
  const opened = (await eventsNamed(plane, 'Decrypt')).at(-1);
  assert.deepEqual(
    [opened?.userIdentity.type, opened?.userIdentity.invokedBy],
    ['Root', 's3.amazonaws.com'],
  );
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  const { status, body } = await bucket(`/keyed/${key}`);
  assert.deepEqual([status === 200, /DisabledException/.test(body.toString())], [false, true]);
  // Without the key, what could not be delivered with it is.
  const { KmsKeyId, ...updated } = await plane.trail.send(
    new UpdateTrailCommand({ Name: 'keyed', KmsKeyId: '' }),
  );
  assert.deepEqual([updated.Name, KmsKeyId], ['keyed', undefined]);
  assert.equal(plane.deliveryFailures.splice(0).length, 1);
  const { Trail } = await plane.trail.send(new GetTrailCommand({ Name: 'keyed' }));
  assert.equal(Trail?.KmsKeyId, undefined);
  await deliver(300_000);
  const last = (await keysIn('keyed')).at(-1) ?? '';
  assert.notEqual(last, key);
  assert.ok(await json('keyed', last));
  await plane.trail.send(new DeleteTrailCommand({ Name: 'keyed' }));
});

test('trails and their files are there after a restart', async () => {
  const Name = 'lasting';
  await plane.trail.send(new CreateTrailCommand({ Name, S3BucketName: 'lasting' }));
  await plane.trail.send(new StartLoggingCommand({ Name }));
  plane = await plane.restart();
  await deliver(300_000);
  const { IsLogging } = await plane.trail.send(new GetTrailStatusCommand({ Name }));
  assert.equal(IsLogging, true);
  assert.equal((await keysIn('lasting')).length, 1);
});
