import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { DeleteBrokerCommand, ListBrokersCommand } from '@aws-sdk/client-mq';
import { describeBroker, underKey } from '../support/broker-requests.ts';
import { until } from '../support/processes.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// `waxwing backup`, `restore` and `check FILE` of the real program.

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
const path = (name: string) => join(waxwing.folder.root, name);
const data = () => ['--data', waxwing.folder.data];
const run = (...args: readonly string[]) => waxwing.folder.run(args);

before(async () => {
  waxwing = await Waxwing.start();
  const { KeyMetadata } = await waxwing.kms.send(new CreateKeyCommand({}));
  keyArn = KeyMetadata?.Arn ?? '';
  brokerId = await waxwing.createBroker({ BrokerName: 'orders', ...underKey(keyArn) });
});
after(() => waxwing.remove());

async function take(id: string, queue: string): Promise<string[]> {
  const client = await waxwing.connect(await waxwing.brokerUrl(id));
  const bodies = await client.take(queue);
  await client.close();
  return bodies;
}

async function brokerNamed(name: string): Promise<string> {
  const { BrokerSummaries = [] } = await waxwing.mq.send(new ListBrokersCommand({}));
  return BrokerSummaries.find(({ BrokerName }) => BrokerName === name)?.BrokerId ?? '';
}

test('a backup of a broker has all that was confirmed before, while a client publishes', async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const before = Array.from({ length: 2000 }, (_, i) => `before ${i} `.padEnd(1500, 'x'));
  await client.publish('kept', before);
  const channel = await client.model.createConfirmChannel();
  let isOver = false;
  const publishing = (async () => {
    for (let i = 0; !isOver; i++) {
      channel.sendToQueue('kept', Buffer.from(`during ${i}`), { persistent: true });
      await channel.waitForConfirms();
      await pause(4); // without pauses, it would occupy a processor
    }
  })();
  const { stdout, stderr, code } = await run('backup', 'orders', path('orders.backup'), ...data());
  isOver = true;
  await publishing;
  await client.close();
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /orders\.backup: backup of broker orders, made 20.*Z\nSHA-256 [0-9a-f]{64}\n$/,
  );
  assert.equal(statSync(path('orders.backup')).mode & 0o777, 0o600);
  const bytes = readFileSync(path('orders.backup'));
  assert.ok(!bytes.includes('before 7'));
  assert.deepEqual(
    readdirSync(waxwing.folder.root).filter((name) => name.includes('partial')),
    [],
  );
  const restored = await run('restore', path('orders.backup'), '--name', 'orders-2', ...data());
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /^backup of broker orders of account \d{12}, made 20.*Z \(\d+ min/);
  const id = await brokerNamed('orders-2');
  await waxwing.brokerIs(id, 'RUNNING');
  const found = await take(id, 'kept');
  assert.deepEqual(found.slice(0, before.length), before);
  // What follows was confirmed while the backup was made: a beginning of it, without gaps.
  const later = found.slice(before.length);
  assert.deepEqual(
    later,
    later.map((_, i) => `during ${i}`),
  );
  const { EncryptionOptions } = await describeBroker(waxwing, id);
  assert.deepEqual(EncryptionOptions, { UseAwsOwnedKey: false, KmsKeyId: keyArn });
  const [created] = await eventsNamed(waxwing, 'CreateBackup');
  assert.deepEqual(created?.requestParameters, { scope: 'BROKER', broker: 'orders' });
  const [completed] = await eventsNamed(waxwing, 'CompleteBackup');
  const { fileBytes } = (completed?.additionalEventData ?? {}) as { fileBytes?: number };
  assert.equal(fileBytes, bytes.length);
  assert.equal((await eventsNamed(waxwing, 'CompleteRestore')).length, 1);
});

test('a file that exists is not overwritten without --force', async () => {
  writeFileSync(path('taken'), 'precious');
  const refused = await run('backup', 'orders', path('taken'), ...data());
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /taken exists already; --force replaces it/);
  assert.equal(readFileSync(path('taken'), 'utf8'), 'precious');
  const forced = await run('backup', 'orders', path('taken'), '--force', ...data());
  assert.equal(forced.code, 0, forced.stderr);
  const check = await run('check', path('taken'), ...data());
  assert.equal(check.code, 0, check.stderr);
  assert.match(check.stdout, /taken: sound, \d+ bytes\n$/);
});

test('backups that fail, or are interrupted, do not exclude the next ones', async () => {
  for (let i = 0; i < 3; i++) {
    const { code } = await run('backup', 'orders', path('none/x.backup'), ...data());
    assert.equal(code, 1);
  }
  const child = waxwing.folder.spawn(['backup', 'orders', path('interrupted'), ...data()]);
  const drafts = () =>
    readdirSync(waxwing.folder.root).filter((name) => name.startsWith('interrupted'));
  await until('a file is being written', () => drafts().length > 0);
  child.kill('SIGINT');
  await once(child, 'exit');
  assert.deepEqual(drafts(), []);
  for (let i = 0; i < 2; i++) {
    const { code, stderr } = await run('backup', 'orders', path(`next-${i}`), ...data());
    assert.equal(code, 0, stderr);
    rmSync(path(`next-${i}`));
  }
});

test('a backup that was changed, cut off or mixed is refused, and nothing is restored', async () => {
  const file = readFileSync(path('orders.backup'));
  const other = readFileSync(path('taken'));
  const middle = Math.floor(file.length / 2);
  const changed = Buffer.from(file);
  changed[middle] = (changed[middle] ?? 0) ^ 1;
  const broken = {
    changed,
    cut: file.subarray(0, middle),
    'without-end': file.subarray(0, -60),
    longer: Buffer.concat([file, Buffer.from('more')]),
    mixed: Buffer.concat([file.subarray(0, middle), other.subarray(middle)]),
  };
  for (const [name, bytes] of Object.entries(broken)) {
    writeFileSync(path(name), bytes);
    const { code, stderr } = await run('restore', path(name), '--name', 'broken', ...data());
    assert.equal(code, 1, name);
    assert.match(stderr, /backup/, name);
  }
  assert.equal(await brokerNamed('broken'), '');
  const left = join(waxwing.folder.data, 'restores');
  assert.deepEqual(existsSync(left) ? readdirSync(left) : [], []);
});

test('an old backup is refused where a newer one is expected, and names that are taken are refused', async () => {
  const tooOld = await run(
    'restore',
    path('orders.backup'),
    '--not-before',
    '2999-01-01',
    '--name',
    'new',
    ...data(),
  );
  assert.equal(tooOld.code, 1);
  assert.match(tooOld.stderr, /the backup was made 20.*, before 2999-01-01/);
  const taken = await run('restore', path('orders.backup'), ...data());
  assert.match(taken.stderr, /Broker with name \[orders\] already exists/);
});

test('a broker is restored under another KMS key, after it was deleted', async () => {
  const { KeyMetadata } = await waxwing.kms.send(new CreateKeyCommand({}));
  const other = KeyMetadata?.Arn ?? '';
  await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: brokerId }));
  await until('the broker is gone', async () => (await brokerNamed('orders')) === '');
  const { code, stderr } = await run(
    'restore',
    path('orders.backup'),
    '--kms-key-id',
    other,
    ...data(),
  );
  assert.equal(code, 0, stderr);
  const id = await brokerNamed('orders');
  await waxwing.brokerIs(id, 'RUNNING');
  const { EncryptionOptions } = await describeBroker(waxwing, id);
  assert.deepEqual(EncryptionOptions, { UseAwsOwnedKey: false, KmsKeyId: other });
  assert.ok((await take(id, 'kept')).length >= 2000);
  brokerId = id;
});

test('without the KMS key, a backup of a broker is not restored', async () => {
  await waxwing.kms.send(new DisableKeyCommand({ KeyId: keyArn }));
  const { code, stderr } = await run('restore', path('orders.backup'), '--name', 'x', ...data());
  assert.equal(code, 1);
  assert.match(stderr, /Disabled/);
  const check = await run('check', path('orders.backup'), ...data());
  assert.equal(check.code, 1);
});

test('a backup of the whole service is restored after a kill, with all that was confirmed', async () => {
  const client = await waxwing.connect();
  const bodies = Array.from({ length: 1000 }, (_, i) => `${i} `.padEnd(1200, 'y'));
  await client.publish('archive', bodies);
  await client.close();
  const key = async (days?: number) => {
    const { KeyMetadata } = await waxwing.kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId ?? '';
    if (days === undefined) return KeyId;
    await waxwing.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: days }));
    return KeyId;
  };
  const [usable, pending] = [await key(), await key(30)];
  const { code, stderr } = await run('backup', '--all', path('all.backup'), ...data());
  assert.equal(code, 0, stderr);
  await waxwing.kill();
  const check = await run('check', path('all.backup'), ...data());
  assert.equal(check.code, 0, check.stderr);

  const machine = new WaxwingFolder();
  const folder = machine.data;
  const env = { WAXWING_ROOT_KEY_FILE: waxwing.folder.keyFile };
  const restored = await machine.run(['restore', path('all.backup'), '--data', folder], env);
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /^backup of the service of account \d{12} in us-east-1, made 20/);
  assert.match(restored.stdout, /Restored into .*data\.\n$/);
  const again = await machine.run(['restore', path('all.backup'), '--data', folder], env);
  assert.match(again.stderr, /is restored into a new or empty folder/);
  const withoutKey = await waxwing.folder.run(
    ['restore', path('all.backup'), '--data', path('other')],
    { WAXWING_ROOT_KEY_FILE: path('none.key') },
  );
  assert.equal(withoutKey.code, 1);
  assert.ok(!existsSync(path('other')));

  const own = await Waxwing.start({ folder: machine, env });
  try {
    const reader = await own.connect();
    assert.deepEqual(await reader.take('archive'), bodies);
    await reader.close();
    const state = async (KeyId: string) =>
      (await own.kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState;
    assert.equal(await state(usable), 'Enabled');
    assert.equal(await state(pending), 'PendingDeletion');
    await own.kms.send(new EncryptCommand({ KeyId: usable, Plaintext: Buffer.from('x') }));
    assert.equal((await eventsNamed(own, 'RestoreService')).length, 1);
    await own.brokerIs(brokerId, 'RUNNING');
  } finally {
    await own.remove();
  }
});

test('a restoration of a changed backup of a service leaves no folder', async () => {
  const file = readFileSync(path('all.backup'));
  const middle = file.length - 1000;
  file[middle] = (file[middle] ?? 0) ^ 1;
  writeFileSync(path('changed-all'), file);
  const env = { WAXWING_ROOT_KEY_FILE: waxwing.folder.keyFile };
  const args = ['restore', path('changed-all'), '--data', path('never')];
  const { code, stderr } = await waxwing.folder.run(args, env);
  assert.equal(code, 1);
  assert.match(stderr, /backup/);
  assert.deepEqual(
    readdirSync(waxwing.folder.root).filter((name) => name.startsWith('never')),
    [],
  );
  rmSync(path('changed-all'));
});
