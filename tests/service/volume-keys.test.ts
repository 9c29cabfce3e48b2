import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateKeyCommand,
  ListGrantsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { describeBroker } from '../support/broker-requests.ts';
import { readAt } from '../support/bytes-of-files.ts';
import { until } from '../support/processes.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';

// `waxwing volume` of the real program.

/** A publisher without pauses would occupy a processor. */
const publishEveryMs = 4;

let waxwing: Waxwing;
let brokerId = '';
before(async () => {
  waxwing = await Waxwing.start();
  brokerId = readdirSync(join(waxwing.folder.data, 'brokers'))[0] ?? '';
});
after(() => waxwing.remove());

const volume = (...args: readonly string[]) =>
  waxwing.folder.run(['volume', ...args, '--data', waxwing.folder.data]);

const header = () => readFileSync(join(waxwing.folder.data, 'brokers', brokerId, 'volume'));

/** The generation that a segment states; none if it is removed meanwhile. */
function generationOf(file: string): number[] {
  try {
    return [readAt(file, 12, 4).readUInt32BE()];
  } catch {
    return [];
  }
}

/** The generations that the segments of the broker state. */
function generations(): Set<number> {
  const folder = join(waxwing.folder.data, 'brokers', brokerId);
  const names = readdirSync(folder).filter((name) => /^(seg|compact)-\d+$/.test(name));
  return new Set(names.flatMap((name) => generationOf(join(folder, name))));
}

/** Publishes until it is stopped, and keeps what was confirmed. */
async function publishing(queue: string) {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  const confirmed: string[] = [];
  let isOver = false;
  const ended = (async () => {
    for (let i = 0; !isOver; i++) {
      channel.sendToQueue(queue, Buffer.from(`message ${i}`), { persistent: true });
      await channel.waitForConfirms();
      confirmed.push(`message ${i}`);
      await pause(publishEveryMs);
    }
  })();
  return {
    confirmed,
    stop: async () => {
      isOver = true;
      await ended;
      await client.close();
    },
    /** The connection ends with the service. */
    lost: () => ended.catch(() => {}),
  };
}

test('a broker gets another KMS key while a client publishes', async () => {
  const { KeyMetadata } = await waxwing.kms.send(new CreateKeyCommand({}));
  const keyArn = KeyMetadata?.Arn ?? '';
  const pid = waxwing.brokerPid(brokerId);
  const publisher = await publishing('orders');
  await until('some messages', () => publisher.confirmed.length > 20);
  const before = header();
  const { stdout, stderr, code } = await volume('rewrap', 'default', '--kms-key-id', keyArn);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `Broker default: its data keys are wrapped under ${keyArn}.\n`);
  const count = publisher.confirmed.length;
  await until('more messages', () => publisher.confirmed.length > count + 20);
  await publisher.stop();
  assert.equal(waxwing.brokerPid(brokerId), pid, 'the process of the broker is the same');
  assert.notDeepEqual(header(), before);
  const { EncryptionOptions } = await describeBroker(waxwing, brokerId);
  assert.deepEqual(EncryptionOptions, { UseAwsOwnedKey: false, KmsKeyId: keyArn });
  const client = await waxwing.connect();
  assert.deepEqual(await client.take('orders'), publisher.confirmed);
  await client.close();
  const [event] = await eventsNamed(waxwing, 'RewrapVolume');
  assert.deepEqual(event?.requestParameters, { broker: 'default', kmsKeyId: keyArn });
});

test('a key that cannot be used is refused with its reason, and nothing changes', async () => {
  const { KeyMetadata } = await waxwing.kms.send(new CreateKeyCommand({}));
  const KeyId = KeyMetadata?.KeyId ?? '';
  await waxwing.kms.send(new ScheduleKeyDeletionCommand({ KeyId }));
  const { stderr, code } = await volume('rewrap', 'default', '--kms-key-id', KeyId);
  assert.equal(code, 1);
  assert.match(stderr, /is in state PendingDeletion, it must be Enabled/);
  const { Grants } = await waxwing.kms.send(new ListGrantsCommand({ KeyId }));
  assert.deepEqual(Grants, []);
});

test('data is sealed under a new data key, even if the service is killed meanwhile', async () => {
  const bodies = Array.from({ length: 3000 }, (_, i) => `${i} `.padEnd(1000, 'x'));
  const client = await waxwing.connect();
  await client.publish('archive', bodies);
  await client.close();
  const publisher = await publishing('live');
  await until('some messages', () => publisher.confirmed.length > 5);
  const { stderr, code } = await volume('rekey', 'default', '--background');
  assert.equal(code, 0, stderr);
  await until('the new data key', () => generations().has(1));
  await waxwing.kill();
  await publisher.lost();
  await waxwing.restart();
  // Each look below is a process.
  await until('it is used alone', () => generations().size === 1 && generations().has(1));
  await until('the old data key is dropped', async () => {
    const { stdout } = await volume('show', 'default');
    return /data key 1 \(no older ones\), 0\.0 of/.test(stdout);
  });
  assert.deepEqual(generations(), new Set([1]));
  const again = await waxwing.connect();
  assert.deepEqual(await again.take('archive'), bodies);
  const found = await again.take('live');
  assert.deepEqual(found.slice(0, publisher.confirmed.length), publisher.confirmed);
  await again.close();
});

test('rekey waits until everything is sealed again, and the volume is sound afterwards', async () => {
  const bodies = Array.from({ length: 500 }, (_, i) => `${i} `.padEnd(1000, 'x'));
  const client = await waxwing.connect();
  await client.publish('archive', bodies);
  await client.close();
  const { stdout, stderr, code } = await volume('rekey', brokerId);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'Broker default: all data is sealed under data key 2.\n');
  assert.deepEqual(generations(), new Set([2]));
  await waxwing.stop();
  const check = await waxwing.folder.run(['check', waxwing.folder.data]);
  assert.equal(check.code, 0, check.stderr);
  await waxwing.restart();
  const again = await waxwing.connect();
  assert.deepEqual(await again.take('archive'), bodies);
  await again.close();
});
