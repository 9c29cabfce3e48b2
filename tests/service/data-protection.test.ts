import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DescribeKeyCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms';
import { RebootBrokerCommand } from '@aws-sdk/client-mq';
import type { EventRecord } from '../../src/audit/record.ts';
import { createKey, describeBroker, underKey } from '../support/broker-requests.ts';
import {
  grantEvent,
  serviceGrant,
  serviceGrantEvent,
  stableGrantEvent,
  volumeGrant,
  volumeGrantEvent,
} from '../support/grant-parameters.ts';
import { grantsOn } from '../support/keys.ts';
import { until } from '../support/processes.ts';
import { eventsNamed, trailEvents } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';

// The guide's page "Data protection in Amazon MQ", with the official clients and the real program:
// each choice of key, and its events in the trail.

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
let grants: readonly EventRecord[] = [];
const accountId = '111122223333';
const region = 'eu-central-1';
before(async () => {
  const args = ['--no-default-broker', '--account-id', accountId, '--region', region];
  waxwing = await Waxwing.start({ args });
  keyArn = await createKey(waxwing);
  brokerId = await waxwing.createBroker(underKey(keyArn));
  grants = await eventsNamed(waxwing, 'CreateGrant');
});
after(() => waxwing.remove());

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const stable = (event: EventRecord | undefined) => stableGrantEvent(event, keyArn);
const common = () => grantEvent(keyArn, accountId, region);

test('creating a broker with a customer managed key records exactly two CreateGrant events', () => {
  assert.equal(grants.length, 2);
});

test('the first event is the grant for Amazon MQ, authorized by the caller', () => {
  const { userAgent = '', ...event } = stable(grants[0]);
  assert.match(userAgent, /^aws-sdk-js\//);
  assert.deepEqual(event, {
    ...common(),
    ...serviceGrantEvent(accountId, waxwing.environment['AWS_ACCESS_KEY_ID']),
    requestParameters: serviceGrant(keyArn),
  });
});

test("the second event is the grant for the broker's volume, bound to its id", async () => {
  const { sharedEventID = '', ...event } = stable(grants[1]);
  assert.match(sharedEventID, uuid);
  const [volume] = (await grantsOn(waxwing.kms, keyArn)).filter(({ Name }) => Name !== 'mq_grant');
  const volumeId = volume?.Constraints?.EncryptionContextSubset?.['aws:ebs:id'] ?? '';
  assert.match(volumeId, /^vol-[0-9a-f]{17}$/);
  assert.deepEqual(event, {
    ...common(),
    ...volumeGrantEvent,
    requestParameters: volumeGrant(keyArn, volumeId, region),
  });
});

test('an ordinary client uses the broker, and the trail shows each use of its key', async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  await client.publish('orders', ['one', 'two']);
  assert.deepEqual(await client.consume('orders', 2), ['one', 'two']);
  await client.close();
  const opened = (await trailEvents(waxwing)).filter(
    // The service asks, without opening anything, whenever the key or a grant on it changes.
    ({ eventName, resources, errorCode }) =>
      eventName === 'Decrypt' && resources?.[0]?.ARN === keyArn && errorCode === undefined,
  );
  const [event] = opened;
  assert.equal(opened.length, 1);
  assert.deepEqual(event?.userIdentity, { type: 'AWSService', invokedBy: 'mq.amazonaws.com' });
  const asked = JSON.stringify(event?.requestParameters);
  assert.match(asked, /"encryptionContext":\{"aws:ebs:id":"vol-[0-9a-f]{17}"\}/);
});

test('a rotated key decrypts data of its older key material, and the trail records it', async () => {
  const before = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  await before.publish('kept', ['sealed under the older material']);
  await before.close();
  await waxwing.kms.send(new RotateKeyOnDemandCommand({ KeyId: keyArn }));
  const rotations = async () => {
    const { Rotations = [] } = await waxwing.kms.send(
      new ListKeyRotationsCommand({ KeyId: keyArn }),
    );
    return Rotations.length;
  };
  await until('the key is rotated', async () => (await rotations()) === 1);
  const [event] = await eventsNamed(waxwing, 'RotateKey');
  assert.equal(event?.eventType, 'AwsServiceEvent');
  assert.equal(event?.resources?.[0]?.ARN, keyArn);
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await waxwing.brokerIs(brokerId, 'RUNNING');
  const after = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  assert.deepEqual(await after.take('kept'), ['sealed under the older material']);
  await after.close();
});

test('a broker with alias/aws/mq uses the AWS managed key, which is created on first use', async () => {
  const id = await waxwing.createBroker({ EncryptionOptions: { UseAwsOwnedKey: false } });
  const { EncryptionOptions } = await describeBroker(waxwing, id);
  const { KeyMetadata } = await waxwing.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/mq' }));
  assert.equal(KeyMetadata?.KeyManager, 'AWS');
  assert.equal(EncryptionOptions?.UseAwsOwnedKey, false);
  assert.equal(EncryptionOptions?.KmsKeyId, KeyMetadata?.Arn);
  const client = await waxwing.connect(await waxwing.brokerUrl(id));
  await client.publish('orders', ['under the managed key']);
  assert.deepEqual(await client.take('orders'), ['under the managed key']);
  await client.close();
});

test('a broker without a key setting uses a key outside the account and its trail', async () => {
  const known = (await trailEvents(waxwing)).length;
  const id = await waxwing.createBroker();
  const { EncryptionOptions } = await describeBroker(waxwing, id);
  assert.equal(EncryptionOptions?.UseAwsOwnedKey, true);
  assert.equal(EncryptionOptions?.KmsKeyId, undefined);
  const client = await waxwing.connect(await waxwing.brokerUrl(id));
  await client.publish('orders', ['under a key of the service']);
  assert.deepEqual(await client.take('orders'), ['under a key of the service']);
  await client.close();
  const { Keys } = await waxwing.kms.send(new ListKeysCommand({}));
  assert.equal(Keys?.length, 2); // the customer's and the managed one
  const since = (await trailEvents(waxwing)).slice(known);
  const names = new Set(since.map(({ eventName }) => eventName));
  assert.ok(names.has('CreateBroker'));
  assert.ok(!names.has('CreateGrant') && !names.has('Decrypt'));
});
