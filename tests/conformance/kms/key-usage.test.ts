import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateAliasCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyLastUsageCommand,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { disableKey } from '../../support/keys.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// The last successful cryptographic use of a key.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

const usage = (KeyId: string) => plane.kms.send(new GetKeyLastUsageCommand({ KeyId }));
const encrypt = (KeyId: string) =>
  plane.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));

test('a key that was not used has an empty usage since its creation', async () => {
  const arn = await createKey(plane);
  await plane.kms.send(new DescribeKeyCommand({ KeyId: arn }));
  const { KeyId, KeyLastUsage, TrackingStartDate, KeyCreationDate } = await usage(arn);
  assert.equal(KeyId, arn);
  assert.deepEqual(KeyLastUsage, {});
  assert.deepEqual(TrackingStartDate, KeyCreationDate);
});

test('the newest use is returned at once, with its event and its request', async () => {
  const arn = await createKey(plane);
  const id = arn.slice(arn.lastIndexOf('/') + 1);
  const { CiphertextBlob } = await encrypt(arn);
  assert.equal((await usage(id)).KeyLastUsage?.Operation, 'Encrypt');
  plane.machine.clock.advance(1000);
  const { $metadata } = await plane.kms.send(new DecryptCommand({ CiphertextBlob }));
  const { KeyLastUsage } = await usage(id);
  const [event] = (await eventsNamed(plane, 'Decrypt')).slice(-1);
  assert.deepEqual(KeyLastUsage, {
    Operation: 'Decrypt',
    Timestamp: KeyLastUsage?.Timestamp,
    CloudTrailEventId: event?.eventID,
    KmsRequestId: $metadata.requestId,
  });
  assert.equal(KeyLastUsage?.Timestamp?.getTime(), plane.machine.clock.nowMs());
});

test('refused, dry and other calls are no use, and ReEncrypt is one of both keys', async () => {
  const [first, second] = [await createKey(plane), await createKey(plane)];
  const { CiphertextBlob } = await encrypt(first);
  plane.machine.clock.advance(120_000);
  await assert.rejects(
    plane.kms.send(new GenerateDataKeyCommand({ KeyId: first, KeySpec: 'AES_256', DryRun: true })),
  );
  const DestinationKeyId = second;
  await plane.kms.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId }));
  for (const each of [first, second]) {
    assert.equal((await usage(each)).KeyLastUsage?.Operation, 'ReEncrypt');
  }
  await disableKey(plane.kms, first);
  await assert.rejects(encrypt(first));
  assert.equal((await usage(first)).KeyLastUsage?.Operation, 'ReEncrypt');
});

test('a recorded use survives a restart, and names of aliases are refused', async () => {
  const arn = await createKey(plane);
  await encrypt(arn);
  const before = await usage(arn);
  plane = await plane.restart();
  const { $metadata: _, ...rest } = await usage(arn);
  const { $metadata: __, ...expected } = before;
  assert.deepEqual(rest, expected);
  const AliasName = 'alias/used';
  await plane.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: arn }));
  await assert.rejects(usage(AliasName), { name: 'NotFoundException' });
});
