import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ListGrantsCommand } from '@aws-sdk/client-kms';
import { DeleteBrokerCommand } from '@aws-sdk/client-mq';
import type { EventRecord } from '../../../src/audit/record.ts';
import { createBroker, createKey, underKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { serviceGrant, volumeGrant, volumeGrantEvent } from '../../support/grant-parameters.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// The guide's page "Data protection in Amazon MQ": a single instance broker under a KMS key makes
// two CreateGrant events, shown there with all their members.

let plane: ControlPlane;
let keyArn = '';
let brokerId = '';
let events: readonly EventRecord[] = [];
before(async () => {
  plane = await ControlPlane.start();
  keyArn = await createKey(plane);
  brokerId = await createBroker(plane, underKey(keyArn));
  events = await eventsNamed(plane, 'CreateGrant');
});
after(() => plane.close());

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Takes the members out that differ from call to call, once they are as they must be. */
function stable(event: EventRecord | undefined) {
  assert.ok(event);
  const { requestID = '', eventID, responseElements, ...rest } = event;
  assert.match(requestID, uuid);
  assert.match(eventID, uuid);
  const { grantId, ...response } = responseElements as Record<string, string>;
  assert.match(grantId ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(response, { keyId: keyArn });
  return rest;
}

const common = {
  eventVersion: '1.11',
  eventTime: '2026-11-23T20:04:00Z',
  eventName: 'CreateGrant',
  awsRegion: region,
  readOnly: false,
  get resources() {
    return [{ accountId, type: 'AWS::KMS::Key', ARN: keyArn }];
  },
  eventType: 'AwsApiCall',
  apiVersion: '2014-11-01',
  managementEvent: true,
  recipientAccountId: accountId,
  eventCategory: 'Management',
};

test('creating a broker with a KMS key records exactly two CreateGrant events', () => {
  assert.equal(events.length, 2);
});

test('the first event is the grant for Amazon MQ, authorized by the caller', () => {
  const { userIdentity, userAgent = '', ...event } = stable(events[0]);
  assert.deepEqual(userIdentity, {
    type: 'Root',
    principalId: accountId,
    arn: `arn:aws:iam::${accountId}:root`,
    accountId,
    accessKeyId: userIdentity.accessKeyId,
    invokedBy: 'mq.amazonaws.com',
  });
  assert.match(userIdentity.accessKeyId ?? '', /^AKIA/);
  assert.match(userAgent, /^aws-sdk-js\//);
  assert.deepEqual(event, {
    ...common,
    eventSource: 'amazonmq.amazonaws.com',
    sourceIPAddress: '127.0.0.1',
    requestParameters: serviceGrant(keyArn),
  });
});

test('the second event is the volume grant, which only allows opening that volume', () => {
  const { sharedEventID = '', ...event } = stable(events[1]);
  assert.match(sharedEventID, uuid);
  const { id: volumeId } = plane.volumeOf(brokerId);
  assert.match(volumeId, /^vol-[0-9a-f]{17}$/);
  assert.deepEqual(event, {
    ...common,
    ...volumeGrantEvent,
    requestParameters: volumeGrant(keyArn, volumeId, region),
  });
});

test('the grants match the events, and the first one is named mq_grant', async () => {
  const { Grants = [] } = await plane.kms.send(new ListGrantsCommand({ KeyId: keyArn }));
  const ids = events.map(
    ({ responseElements }) => (responseElements as { grantId: string }).grantId,
  );
  assert.deepEqual(Grants.map(({ GrantId }) => GrantId).sort(), [...ids].sort());
  const named = Grants.filter(({ Name }) => Name === 'mq_grant');
  assert.deepEqual(
    named.map(({ GrantId }) => GrantId),
    [ids[0]],
  );
});

test('the volume data key is generated under its grant and context, and never shown', async () => {
  const [made] = await eventsNamed(plane, 'GenerateDataKeyWithoutPlaintext');
  const { id: volumeId } = plane.volumeOf(brokerId);
  assert.deepEqual(made?.userIdentity, { type: 'AWSService', invokedBy: 'mq.amazonaws.com' });
  assert.deepEqual(made?.requestParameters, {
    keyId: keyArn,
    numberOfBytes: 32,
    encryptionContext: { 'aws:ebs:id': volumeId },
  });
  assert.equal(made?.responseElements, null);
});

test('a second broker with the same key adds two events and shares the first grant', async () => {
  const other = await createBroker(plane, underKey(keyArn));
  const all = await eventsNamed(plane, 'CreateGrant');
  assert.deepEqual(
    all.slice(2).map(({ eventSource }) => eventSource),
    ['amazonmq.amazonaws.com', 'kms.amazonaws.com'],
  );
  const { Grants = [] } = await plane.kms.send(new ListGrantsCommand({ KeyId: keyArn }));
  assert.equal(Grants.length, 3);
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId: other }));
  await plane.settled();
  const left = await plane.kms.send(new ListGrantsCommand({ KeyId: keyArn }));
  assert.equal(left.Grants?.length, 2);
});

test('deleting the last broker of a key retires both grants and records it in the trail', async () => {
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId: brokerId }));
  await plane.settled();
  const { Grants = [] } = await plane.kms.send(new ListGrantsCommand({ KeyId: keyArn }));
  assert.deepEqual(Grants, []);
  const retired = await eventsNamed(plane, 'RetireGrant');
  assert.equal(retired.length, 3);
  // Each is retired by the principal that it names for it.
  assert.deepEqual(
    retired.slice(1).map(({ userIdentity }) => userIdentity),
    [`ec2.${region}.amazonaws.com`, 'mq.amazonaws.com'].map((invokedBy) => ({
      type: 'AWSService',
      invokedBy,
    })),
  );
  for (const { requestParameters, additionalEventData } of retired.slice(1)) {
    assert.equal(requestParameters, null);
    assert.match((additionalEventData as { grantId: string }).grantId, /^[0-9a-f]{64}$/);
  }
});
