import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CancelKeyDeletionCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  type ListKeyRotationsCommandInput,
  PutKeyPolicyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import type { ServiceStep } from '../../../src/kms/result.ts';
import {
  createBroker,
  createKey,
  describeBroker,
  underKey,
} from '../../support/broker-requests.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { cancelDeletion, enableKey, scheduleDeletion } from '../../support/keys.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const dayMs = 24 * 3600 * 1000;
const minuteMs = 60 * 1000;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

const idOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);
const daysFromNow = (days: number) => new Date(plane.machine.clock.nowMs() + days * dayMs);

async function status(KeyId: string) {
  const { $metadata: _, ...told } = await plane.kms.send(
    new GetKeyRotationStatusCommand({ KeyId }),
  );
  return told;
}

async function rotations(KeyId: string, more: Partial<ListKeyRotationsCommandInput> = {}) {
  const { Rotations } = await plane.kms.send(new ListKeyRotationsCommand({ KeyId, ...more }));
  assert.ok(Rotations);
  return Rotations;
}

async function materialOf(KeyId: string) {
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId }));
  return KeyMetadata?.CurrentKeyMaterialId;
}

async function enable(KeyId: string, RotationPeriodInDays?: number) {
  const period = RotationPeriodInDays === undefined ? {} : { RotationPeriodInDays };
  await plane.kms.send(new EnableKeyRotationCommand({ KeyId, ...period }));
}

async function rotate(KeyId: string) {
  await plane.kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  await plane.advance(0);
}

async function encrypted(KeyId: string, text: string) {
  const Plaintext = Buffer.from(text);
  const { CiphertextBlob } = await plane.kms.send(new EncryptCommand({ KeyId, Plaintext }));
  return CiphertextBlob;
}

async function decrypted(CiphertextBlob: Uint8Array | undefined) {
  const { Plaintext, KeyMaterialId } = await plane.kms.send(new DecryptCommand({ CiphertextBlob }));
  return { text: Buffer.from(Plaintext ?? []).toString(), KeyMaterialId };
}

test('a new key has automatic rotation disabled', async () => {
  const KeyId = await createKey(plane);
  assert.deepEqual(await status(KeyId), { KeyId: idOf(KeyId), KeyRotationEnabled: false });
  assert.deepEqual(await rotations(KeyId), []);
});

test('automatic rotation is enabled for 365 days by default, or for the given period', async () => {
  const KeyId = await createKey(plane);
  for (const days of [undefined, 90, 2560]) {
    await enable(KeyId, days);
    assert.deepEqual(await status(idOf(KeyId)), {
      KeyId: idOf(KeyId),
      KeyRotationEnabled: true,
      RotationPeriodInDays: days ?? 365,
      NextRotationDate: daysFromNow(days ?? 365),
    });
  }
  await plane.kms.send(new DisableKeyRotationCommand({ KeyId }));
  assert.deepEqual(await status(KeyId), { KeyId: idOf(KeyId), KeyRotationEnabled: false });
  await plane.kms.send(new DisableKeyRotationCommand({ KeyId }));
});

for (const RotationPeriodInDays of [89, 2561]) {
  test(`a rotation period of ${RotationPeriodInDays} days is refused`, async () => {
    const KeyId = await createKey(plane);
    await assert.rejects(
      plane.kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays })),
      { name: 'ValidationException', message: /'rotationPeriodInDays' failed to satisfy/ },
    );
  });
}

test('a key policy can limit the rotation period', async () => {
  const KeyId = await createKey(plane);
  const Principal = { AWS: `arn:aws:iam::${accountId}:root` };
  const all = { Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' };
  const tooLong = {
    ...all,
    Effect: 'Deny',
    Action: 'kms:EnableKeyRotation',
    Condition: { NumericGreaterThan: { 'kms:RotationPeriodInDays': '180' } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [all, tooLong] });
  await plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
  await enable(KeyId, 180);
  await assert.rejects(enable(KeyId, 181), { name: 'AccessDeniedException' });
  await assert.rejects(enable(KeyId), { name: 'AccessDeniedException' });
});

test('a key is rotated on each rotation date, and the trail records each rotation', async () => {
  const KeyId = await createKey(plane);
  const materials = [await materialOf(KeyId)];
  await enable(KeyId, 90);
  await plane.advance(90 * dayMs - 1);
  assert.equal(await materialOf(KeyId), materials[0]);
  await plane.advance(1);
  materials.push(await materialOf(KeyId));
  const first = daysFromNow(0);
  assert.deepEqual((await status(KeyId)).NextRotationDate, daysFromNow(90));
  await plane.advance(90 * dayMs);
  materials.push(await materialOf(KeyId));
  assert.equal(new Set(materials).size, 3);
  const common = { KeyId: idOf(KeyId), RotationType: 'AUTOMATIC' };
  const expected = [
    {
      ...common,
      KeyMaterialId: materials[1],
      KeyMaterialState: 'NON_CURRENT',
      RotationDate: first,
    },
    {
      ...common,
      KeyMaterialId: materials[2],
      KeyMaterialState: 'CURRENT',
      RotationDate: daysFromNow(0),
    },
  ];
  assert.deepEqual(await rotations(KeyId), expected);
  const events = (await eventsNamed(plane, 'RotateKey')).filter(
    ({ resources }) => resources?.[0]?.ARN === KeyId,
  );
  assert.equal(events.length, 2);
  assert.equal(events[1]?.eventType, 'AwsServiceEvent');
  assert.deepEqual(events[1]?.userIdentity, { accountId, invokedBy: 'AWS Internal' });
  assert.deepEqual(events[1]?.serviceEventDetails, {
    keyId: idOf(KeyId),
    keyOrigin: 'AWS_KMS',
    rotationType: 'AUTOMATIC',
    previousKeyMaterialId: materials[1],
    currentKeyMaterialId: materials[2],
  });
});

test('ciphertexts of earlier key material can still be decrypted, each with its own material', async () => {
  const KeyId = await createKey(plane);
  const sealed: [string | undefined, Uint8Array | undefined][] = [];
  for (const text of ['first', 'second', 'third']) {
    sealed.push([await materialOf(KeyId), await encrypted(KeyId, text)]);
    await rotate(KeyId);
  }
  const opened = await Promise.all(sealed.map(([, blob]) => decrypted(blob)));
  assert.deepEqual(
    opened.map(({ text }) => text),
    ['first', 'second', 'third'],
  );
  const materials = sealed.map(([material]) => material);
  assert.equal(new Set(materials).size, 3);
  assert.deepEqual(
    opened.map(({ KeyMaterialId }) => KeyMaterialId),
    materials,
  );
  const made = await plane.kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
  assert.equal(made.KeyMaterialId, await materialOf(KeyId));
});

test('an on-demand rotation is in progress until completed, and does not move the next date', async () => {
  const KeyId = await createKey(plane);
  await enable(KeyId);
  const { NextRotationDate } = await status(KeyId);
  await plane.advance(dayMs);
  const before = await materialOf(KeyId);
  const answer = await plane.kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  assert.equal(answer.KeyId, idOf(KeyId));
  const OnDemandRotationStartDate = daysFromNow(0);
  const common = { KeyId: idOf(KeyId), KeyRotationEnabled: true, RotationPeriodInDays: 365 };
  const expected = { ...common, NextRotationDate };
  assert.deepEqual(await status(KeyId), { ...expected, OnDemandRotationStartDate });
  await assert.rejects(rotate(KeyId), {
    name: 'ConflictException',
    message: `A rotation of ${KeyId} is in progress.`,
  });
  await plane.advance(1000);
  assert.deepEqual(await status(KeyId), expected);
  assert.notEqual(await materialOf(KeyId), before);
  const [rotation, ...more] = await rotations(KeyId);
  assert.deepEqual(more, []);
  assert.equal(rotation?.RotationType, 'ON_DEMAND');
  const events = await eventsNamed(plane, 'RotateKey');
  const details = events.at(-1)?.serviceEventDetails as { rotationType: string; keyId: string };
  assert.deepEqual([details.rotationType, details.keyId], ['ON_DEMAND', idOf(KeyId)]);
});

test('on-demand rotation is refused in the last 20 minutes before an automatic rotation', async () => {
  const KeyId = await createKey(plane);
  await enable(KeyId, 90);
  await plane.advance(90 * dayMs - 20 * minuteMs);
  await assert.rejects(rotate(KeyId), {
    name: 'ConflictException',
    message: /begins within the next 20 minutes\.$/,
  });
  await plane.advance(20 * minuteMs);
  await rotate(KeyId);
  const types = (await rotations(KeyId)).map(({ RotationType }) => RotationType);
  assert.deepEqual(types, ['AUTOMATIC', 'ON_DEMAND']);
});

test('a key can be rotated on demand at most 25 times, and rotations are listed in pages', async () => {
  const KeyId = await createKey(plane);
  const first = await materialOf(KeyId);
  for (let count = 0; count < 25; count++) await rotate(KeyId);
  await assert.rejects(rotate(KeyId), {
    name: 'LimitExceededException',
    message: `${KeyId} was rotated on demand 25 times, the maximum allowed.`,
  });
  const all = await rotations(KeyId, { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' });
  assert.equal(all.length, 26);
  assert.deepEqual(all[0], {
    KeyId: idOf(KeyId),
    KeyMaterialId: first,
    KeyMaterialState: 'NON_CURRENT',
  });
  assert.deepEqual(await rotations(KeyId), all.slice(1));
  const page = await plane.kms.send(new ListKeyRotationsCommand({ KeyId, Limit: 20 }));
  assert.deepEqual([page.Truncated, page.Rotations], [true, all.slice(1, 21)]);
  const { NextMarker: Marker } = page;
  const rest = await plane.kms.send(new ListKeyRotationsCommand({ KeyId, Limit: 20, Marker }));
  assert.deepEqual([rest.Truncated, rest.Rotations], [false, all.slice(21)]);
  const other = await createKey(plane);
  await assert.rejects(plane.kms.send(new ListKeyRotationsCommand({ KeyId: other, Marker })), {
    name: 'InvalidMarkerException',
  });
});

test('re-enabling rotation counts the period from the last rotation and postpones nothing', async () => {
  const KeyId = await createKey(plane);
  await enable(KeyId, 90);
  const { NextRotationDate } = await status(KeyId);
  await plane.advance(30 * dayMs);
  await enable(KeyId, 90);
  assert.deepEqual((await status(KeyId)).NextRotationDate, NextRotationDate);
  await enable(KeyId, 100);
  assert.deepEqual((await status(KeyId)).NextRotationDate, daysFromNow(70));
});

test('a disabled key is not rotated until enabled, and then immediately if overdue', async () => {
  const KeyId = await createKey(plane);
  const before = await materialOf(KeyId);
  await enable(KeyId, 90);
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  await plane.advance(100 * dayMs);
  assert.equal((await status(KeyId)).KeyRotationEnabled, true);
  assert.equal(await materialOf(KeyId), before);
  await plane.kms.send(new EnableKeyCommand({ KeyId }));
  await plane.advance(0);
  assert.notEqual(await materialOf(KeyId), before);
  assert.deepEqual((await status(KeyId)).NextRotationDate, daysFromNow(90));
});

test('a key pending deletion is not rotated until the deletion is cancelled and it is enabled', async () => {
  const KeyId = await createKey(plane);
  await enable(KeyId, 90);
  const { NextRotationDate } = await status(KeyId);
  await plane.advance(89 * dayMs);
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  assert.deepEqual(await status(KeyId), { KeyId: idOf(KeyId), KeyRotationEnabled: false });
  await plane.advance(2 * dayMs);
  assert.deepEqual(await rotations(KeyId), []);
  await plane.kms.send(new CancelKeyDeletionCommand({ KeyId }));
  assert.deepEqual((await status(KeyId)).NextRotationDate, NextRotationDate);
  await enableKey(plane.kms, KeyId);
  await plane.advance(0);
  assert.equal((await rotations(KeyId)).length, 1);
});

test('keys of other types are never rotated, and rotation calls on them are refused', async () => {
  const KeyId = await createKey(plane, { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
  assert.deepEqual(await status(KeyId), { KeyId: idOf(KeyId), KeyRotationEnabled: false });
  assert.deepEqual(await rotations(KeyId), []);
  const ways = [
    enable(KeyId),
    plane.kms.send(new DisableKeyRotationCommand({ KeyId })),
    rotate(KeyId),
    rotations(KeyId, { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }),
  ];
  for (const way of ways) {
    await assert.rejects(way, {
      name: 'UnsupportedOperationException',
      message: `${KeyId} has KeySpec RSA_2048, which does not support rotation; SYMMETRIC_DEFAULT does.`,
    });
  }
});

test('the rotation status of an EXTERNAL key is refused even while it is pending deletion', async () => {
  const KeyId = await createKey(plane, { Origin: 'EXTERNAL' });
  await scheduleDeletion(plane.kms, KeyId);
  await assert.rejects(status(KeyId), {
    name: 'UnsupportedOperationException',
    message: `${KeyId} origin is EXTERNAL which is not valid for this operation.`,
  });
});

test('an AWS managed key is rotated every year, and this cannot be changed', async () => {
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/mq' }));
  const KeyId = KeyMetadata?.Arn ?? '';
  const expected = { KeyId: idOf(KeyId), KeyRotationEnabled: true, RotationPeriodInDays: 365 };
  assert.deepEqual(await status(KeyId), { ...expected, NextRotationDate: daysFromNow(365) });
  const ways = [
    enable(KeyId),
    plane.kms.send(new DisableKeyRotationCommand({ KeyId })),
    rotate(KeyId),
  ];
  for (const way of ways) await assert.rejects(way, { name: 'AccessDeniedException' });
  await plane.advance(365 * dayMs);
  const [rotation, ...more] = await rotations(KeyId);
  assert.deepEqual([rotation?.RotationType, more], ['AUTOMATIC', []]);
  assert.deepEqual(await status(KeyId), { ...expected, NextRotationDate: daysFromNow(365) });
});

test('rotation operations accept a key id or ARN, but no alias', async () => {
  await assert.rejects(status('alias/aws/mq'), { name: 'NotFoundException' });
});

test('a deletion or rotation cancelled while other keys are processed is skipped', async () => {
  const own = await ControlPlane.start();
  try {
    const first = await createKey(own);
    const kept = await createKey(own);
    const unrotated = await createKey(own);
    await scheduleDeletion(own.kms, first);
    await scheduleDeletion(own.kms, kept);
    await own.kms.send(
      new EnableKeyRotationCommand({ KeyId: unrotated, RotationPeriodInDays: 90 }),
    );
    own.machine.clock.advance(100 * dayMs);
    const due = () => own.kmsDomain.tick(own.machine.clock.nowMs());
    const keyOf = ({ result }: ServiceStep) => result.keys[0]?.arn;
    assert.deepEqual([...due()].map(keyOf), [first, kept, unrotated]);
    const taken: (string | undefined)[] = [];
    for (const step of due()) {
      taken.push(keyOf(step));
      await cancelDeletion(own.kms, kept);
      await own.kms.send(new DisableKeyRotationCommand({ KeyId: unrotated }));
    }
    assert.deepEqual(taken, [first]);
  } finally {
    await own.close();
  }
});

test('a broker with a rotated key keeps running and restarts with its older key material', async () => {
  const own = await ControlPlane.start();
  let next: ControlPlane | undefined;
  try {
    const KeyId = await createKey(own);
    const id = await createBroker(own, underKey(KeyId));
    await own.kms.send(new RotateKeyOnDemandCommand({ KeyId }));
    await own.advance(1000);
    assert.equal((await describeBroker(own, id)).BrokerState, 'RUNNING');
    next = await own.restart();
    await next.settled();
    assert.equal((await describeBroker(next, id)).BrokerState, 'RUNNING');
    const { Rotations = [] } = await next.kms.send(new ListKeyRotationsCommand({ KeyId }));
    assert.deepEqual(
      Rotations.map(({ RotationType }) => RotationType),
      ['ON_DEMAND'],
    );
  } finally {
    await (next ?? own).close();
  }
});
