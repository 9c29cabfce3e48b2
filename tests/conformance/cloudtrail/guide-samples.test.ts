import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventRecord } from '../../../src/audit/record.ts';
import { parseLine, trailTimeline } from '../../../src/audit/trail.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Caller } from '../../../src/calls/caller.ts';
import { allOffers } from '../../../src/control/offers/offers.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { allow, policyOf } from '../../support/principal-policies.ts';
import { requestFor } from '../../support/shape-requests.ts';
import { signRequest } from '../../support/sign-request.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';

// The sample events of the guide, "Data protection in Amazon MQ": a session of a role, from the
// console, creates brokers under a KMS key. docs/reference/cloudtrail.md explains the differences.

const iam = `arn:aws:iam::${accountId}`;
const accessKeyId = 'ASIAIOSFODNN7EXAMPLE';
const secretAccessKey = 'secret-of-the-session-secret-of-session1';
const userAgent = 'PostmanRuntime/7.1.5';
const createdMs = Date.UTC(2023, 1, 23, 18, 59, 10);
const caller: Caller = {
  type: 'assumed-role',
  accountId,
  arn: `arn:aws:sts::${accountId}:assumed-role/AmazonMqConsole/anna`,
  principalId: 'AROAIOSFODNN7EXAMPLE:anna',
  session: {
    roleName: 'AmazonMqConsole',
    roleId: 'AROAIOSFODNN7EXAMPLE',
    roleArn: `${iam}:role/AmazonMqConsole`,
    createdMs,
    mfaAuthenticated: false,
  },
  temporary: { issuedMs: createdMs, isFromConsole: true },
};

const machine = new Machine(allOffers);
machine.accessKeys.set(accessKeyId, {
  caller: { ...caller, accessKeyId },
  secret: () => new Secret(secretAccessKey),
});
machine.principals = {
  policiesOf: ({ type }) => ({
    identity: [policyOf('identity', allow('*'))],
    isAccountRoot: type === 'root',
  }),
};
const plane = await ControlPlane.inProcess(undefined, machine);

async function newKey(): Promise<string> {
  const { status, body } = await signedCall(plane, serviceNamed(plane, 'kms'), 'CreateKey', {});
  assert.equal(status, 200, body);
  return (JSON.parse(body) as { KeyMetadata: { Arn: string } }).KeyMetadata.Arn;
}

/** Creates a broker as the session, and returns the events of its grants. */
async function grantsOf(deploymentMode: string, kmsKeyId: string): Promise<EventRecord[]> {
  const mq = serviceNamed(plane, 'mq');
  const operation = mq.operations['CreateBroker'];
  assert.ok(operation);
  const plain = requestFor(mq, 'CreateBroker', operation, {
    brokerName: deploymentMode.toLowerCase().replaceAll('_', '-'),
    engineType: 'RABBITMQ',
    deploymentMode,
    hostInstanceType: 'mq.m7g.medium',
    publiclyAccessible: false,
    encryptionOptions: { useAwsOwnedKey: false, kmsKeyId },
    users: [{ username: 'admin', password: 'correct-horse-battery' }],
  });
  const atMs = machine.clock.nowMs();
  const signing = { accessKeyId, secretAccessKey, region, service: 'mq', atMs };
  const headers = { ...plain.headers, 'user-agent': userAgent };
  const { status, body } = await plane.answer(await signRequest({ ...plain, headers }, signing));
  assert.equal(status, 200, body);
  await plane.settled();
  const events: EventRecord[] = [];
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: false };
  for await (const { bytes } of plane.store.readTimeline(trailTimeline, range)) {
    const { event } = parseLine(bytes);
    const [resource] = event.resources ?? [];
    if (event.eventName === 'CreateGrant' && resource?.ARN === kmsKeyId) events.push(event);
  }
  return events;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The members of an event, with those that differ from call to call as their kinds. */
function shown(event: EventRecord | undefined): object {
  assert.ok(event);
  const { responseElements } = event;
  const { grantId = '', ...response } = responseElements as Record<string, string>;
  const kind = (value: string | undefined) => (uuid.test(value ?? '') ? 'a UUID' : value);
  return {
    ...event,
    requestID: kind(event.requestID),
    eventID: kind(event.eventID),
    ...(event.sharedEventID !== undefined && { sharedEventID: kind(event.sharedEventID) }),
    responseElements: {
      ...response,
      grantId: /^[0-9a-f]{64}$/.test(grantId) ? '64 digits' : grantId,
    },
  };
}

/** What all samples have. */
const common = (keyArn: string) => ({
  eventVersion: '1.11',
  eventTime: '2026-11-23T20:04:00Z',
  eventName: 'CreateGrant',
  awsRegion: region,
  responseElements: { grantId: '64 digits', keyId: keyArn },
  requestID: 'a UUID',
  eventID: 'a UUID',
  readOnly: false,
  resources: [{ accountId, type: 'AWS::KMS::Key', ARN: keyArn }],
  eventType: 'AwsApiCall',
  apiVersion: '2014-11-01',
  managementEvent: true,
  recipientAccountId: accountId,
  eventCategory: 'Management',
});

/** A grant of Amazon MQ for itself, with the identity of the caller. */
const mqGrant = (keyArn: string, operations: readonly string[]) => ({
  ...common(keyArn),
  userIdentity: {
    type: 'AssumedRole',
    principalId: caller.principalId,
    arn: caller.arn,
    accountId,
    accessKeyId,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAIOSFODNN7EXAMPLE',
        arn: `${iam}:role/AmazonMqConsole`,
        accountId,
        userName: 'AmazonMqConsole',
      },
      webIdFederationData: {},
      attributes: { creationDate: '2023-02-23T18:59:10Z', mfaAuthenticated: 'false' },
    },
    invokedBy: 'mq.amazonaws.com',
  },
  eventSource: 'amazonmq.amazonaws.com',
  sourceIPAddress: '192.0.2.1',
  userAgent,
  requestParameters: {
    granteePrincipal: 'mq.amazonaws.com',
    keyId: keyArn,
    retiringPrincipal: 'mq.amazonaws.com',
    operations,
  },
  sessionCredentialFromConsole: 'true',
});

/** A grant for a volume, by Amazon MQ itself. */
const volumeGrant = (keyArn: string, volumeId: string) => ({
  ...common(keyArn),
  userIdentity: { type: 'AWSService', invokedBy: 'mq.amazonaws.com' },
  eventSource: 'kms.amazonaws.com',
  sourceIPAddress: 'mq.amazonaws.com',
  userAgent: 'mq.amazonaws.com',
  requestParameters: {
    granteePrincipal: 'mq.amazonaws.com',
    keyId: keyArn,
    constraints: { encryptionContextSubset: { 'aws:ebs:id': volumeId } },
    operations: ['Decrypt'],
    retiringPrincipal: `ec2.${region}.amazonaws.com`,
  },
  sharedEventID: 'a UUID',
});

/** The ids of the volumes of the newest broker. */
function volumesOf(keyArn: string): string[] {
  const broker = [...plane.control.brokers.all()].find(({ key }) => key.arn === keyArn);
  return (broker?.volumes ?? []).map(({ id }) => id);
}

test('a single instance broker has the two sample events, member by member', async () => {
  const keyArn = await newKey();
  const events = await grantsOf('SINGLE_INSTANCE', keyArn);
  const [volumeId = ''] = volumesOf(keyArn);
  assert.deepEqual(events.map(shown), [
    mqGrant(keyArn, [
      'CreateGrant',
      'Decrypt',
      'GenerateDataKeyWithoutPlaintext',
      'ReEncryptFrom',
      'ReEncryptTo',
      'DescribeKey',
    ]),
    volumeGrant(keyArn, volumeId),
  ]);
});

test('a cluster has the five sample events, member by member', async () => {
  const keyArn = await newKey();
  const events = await grantsOf('CLUSTER_MULTI_AZ', keyArn);
  const volumeIds = volumesOf(keyArn);
  assert.equal(volumeIds.length, 3);
  assert.deepEqual(events.map(shown), [
    mqGrant(keyArn, [
      'CreateGrant',
      'Encrypt',
      'Decrypt',
      'ReEncryptFrom',
      'ReEncryptTo',
      'GenerateDataKey',
      'GenerateDataKeyWithoutPlaintext',
      'DescribeKey',
    ]),
    mqGrant(keyArn, ['DescribeKey']),
    ...volumeIds.map((volumeId) => volumeGrant(keyArn, volumeId)),
  ]);
});
