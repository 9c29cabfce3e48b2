import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createKey, underKey } from '../support/broker-requests.ts';
import { blockOffsets, writeAt } from '../support/bytes-of-files.ts';
import { disableKey, enableKey } from '../support/keys.ts';
import { isRunning, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';
import { main, WaxwingFolder } from '../support/waxwing-folder.ts';

// `waxwing check` reports whether volumes are undamaged, and otherwise what is damaged and where.

/** Blocks of each volume that are damaged in turn. Each check is a process. */
const damagedCount = isLong ? 5 : 2;

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
const folders: WaxwingFolder[] = [];
before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  keyArn = await createKey(waxwing);
  brokerId = await waxwing.createBroker(underKey(keyArn));
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  await client.publish('orders', ['one', 'two', 'three']);
  await client.close();
});
after(async () => {
  await waxwing.remove();
  for (const folder of folders) folder.remove();
});

function copy(): WaxwingFolder {
  const folder = waxwing.folder.copy();
  folders.push(folder);
  return folder;
}

/** A byte of a file with one bit changed. */
function flipped(file: string, at: number): Buffer {
  return Buffer.of((readFileSync(file)[at] ?? 0) ^ 1);
}

test('check refuses a data folder in use by a service', async () => {
  const { code, stdout, stderr } = await waxwing.folder.check();
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^waxwing: .*\/system is in use by process \d+\n$/);
  assert.ok(stderr.includes(` ${waxwing.pid}\n`));
});

test('check finds a folder sound except for its end after the service is killed', async () => {
  const { children } = waxwing;
  await waxwing.kill();
  await until('its brokers have ended', () => !children.some(isRunning));
  const { code, stdout, stderr } = await copy().check();
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^system: sound, not closed cleanly: unconfirmed data will be discarded, /);
  assert.match(stdout, /^b-[0-9a-f-]{36}: sound, not closed cleanly: /m);
  await waxwing.restart();
});

test('check finds a folder sound with an unbroken trail after the service is stopped', async () => {
  assert.equal(await waxwing.stop(), 0);
  const { code, stdout, stderr } = await waxwing.folder.check();
  assert.deepEqual([code, stderr], [0, '']);
  const [system = '', logs = '', broker = '', end] = stdout.split('\n');
  assert.match(system, /^system: sound, closed cleanly, \d+ segments?, .* bytes; audit trail of /);
  assert.match(system, /audit trail of \d{2} events complete$/);
  assert.match(logs, /^logs: sound, closed cleanly, \d+ segments?, \d+ blocks, /);
  assert.match(broker, /^b-[0-9a-f-]{36}: sound, closed cleanly, \d+ segments?, \d+ blocks, /);
  assert.equal(end, '');
});

test('check shows its progress on a terminal', async (t) => {
  // A terminal, which only a special program can create.
  const command = `exec '${process.execPath}' '${main}' check '${waxwing.folder.data}'`;
  const env = waxwing.folder.environment();
  const { error, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    env,
    encoding: 'utf8',
  });
  if (error !== undefined) {
    t.skip('there is no `script` here to give a terminal');
    return;
  }
  const lines = stdout.split('\r\u001b[K');
  assert.match(lines[1] ?? '', /^system: \d+\.\d of \d+\.\d MiB, \d+ %$/);
  assert.match(lines[2] ?? '', /^system: sound, closed cleanly/);
  assert.match(lines[3] ?? '', /^logs: /);
  const broker = lines.filter((line) => line.startsWith('brokers/'));
  assert.match(broker[0] ?? '', /^brokers\/b-\S+: \d+\.\d of \d+\.\d MiB, \d+ %$/);
});

test('check finds and names every damaged block of every file', async () => {
  const folder = copy();
  for (const volume of ['system', 'logs', join('brokers', brokerId)]) {
    const own = join(folder.data, volume);
    const first = readdirSync(own).find((file) => file.startsWith('seg-')) ?? '';
    const segment = join(own, first);
    const offsets = blockOffsets(segment);
    assert.ok(offsets.length > (volume === 'logs' ? 0 : 2));
    for (const offset of offsets.slice(0, damagedCount)) {
      const place = offset + 33;
      writeAt(segment, place, flipped(segment, place));
      const { code, stderr } = await folder.check();
      assert.equal(code, 1);
      const name = volume.startsWith('brokers') ? brokerId : volume;
      assert.ok(stderr.startsWith(`waxwing: ${name}: not sound: `), stderr);
      assert.match(stderr, /\nwaxwing: 1 of 3 volumes not sound\n$/);
      const found = / (?:\S*?)([^/ ]+\/[^/]+) is damaged (?:at|behind) byte (\d+)/.exec(stderr);
      // The last block of a mount is known by its tag, so that an older copy is found as well.
      if (found === null) assert.match(stderr, /volume says .*; seg-\d+ does not end as it did\n/);
      else {
        const [, file, block] = found;
        assert.ok(segment.endsWith(`/${file}`), stderr);
        assert.ok(Number(block) <= place && place < Number(block) + 16_384, stderr);
      }
      writeAt(segment, place, flipped(segment, place)); // back again
    }
  }
  assert.equal((await folder.check()).code, 0);
});

test('check names a missing file and a broker without any files', async () => {
  const folder = copy();
  const broker = join(folder.data, 'brokers', brokerId);
  rmSync(join(broker, 'seg-1'));
  assert.match((await folder.check()).stderr, /^waxwing: b-.*: not sound: .*seg-1 is missing\n/);
  rmSync(broker, { recursive: true });
  const { code, stderr } = await folder.check();
  assert.equal(code, 1);
  assert.equal(
    stderr,
    `waxwing: ${brokerId}: not sound: there is no volume in ${broker}\n` +
      'waxwing: 1 of 3 volumes not sound\n',
  );
});

test('check finds nothing to verify without a data folder', async () => {
  const folder = new WaxwingFolder();
  folders.push(folder);
  const { code, stderr } = await folder.check();
  assert.deepEqual([code, stderr], [1, `waxwing: there is no volume in ${folder.data}/system\n`]);
});

test('check reports a broker with an unusable key as unchecked and ends with exit code 1', async () => {
  await waxwing.restart();
  await disableKey(waxwing.kms, keyArn);
  await waxwing.brokerIs(brokerId, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(await waxwing.stop(), 0);
  const { code, stdout, stderr } = await waxwing.folder.check();
  assert.equal(code, 1);
  assert.match(stdout, /^system: sound, /);
  assert.match(stdout, /^b-.*: not checked: .*is disabled/m);
  assert.match(stderr, /^waxwing: 1 volume could not be checked, for the reasons above/);
});

test('check detects a volume of an earlier mount and the errors of every other volume', async () => {
  await waxwing.restart();
  await enableKey(waxwing.kms, keyArn);
  await waxwing.brokerIs(brokerId, 'RUNNING');
  const others = [await waxwing.createBroker(), await waxwing.createBroker()].sort();
  assert.equal(await waxwing.stop(), 0);
  const earlier = copy();
  await waxwing.restart();
  assert.equal(await waxwing.stop(), 0);
  const folder = copy();
  const [first = '', second = ''] = others;
  for (const id of [first, second]) {
    rmSync(join(folder.data, 'brokers', id), { recursive: true });
    cpSync(join(earlier.data, 'brokers', id), join(folder.data, 'brokers', id), {
      recursive: true,
    });
  }
  const segment = join(folder.data, 'system', 'seg-1');
  const offset = (blockOffsets(segment)[0] ?? 0) + 33;
  writeAt(segment, offset, flipped(segment, offset));
  const { code, stdout, stderr } = await folder.check();
  assert.equal(code, 1);
  const lines = stderr.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^waxwing: system: not sound: \S*system\/seg-1 is damaged at byte /);
  for (const [i, id] of others.entries()) {
    assert.match(
      lines[i + 1] ?? '',
      new RegExp(`^waxwing: ${id}: not sound: .* is not current: its last mount was number`),
    );
  }
  assert.equal(lines[3], 'waxwing: 3 of 5 volumes not sound');
  assert.match(stdout, new RegExp(`^${brokerId}: sound, closed cleanly`, 'm'));
});

test('check prints control characters in a file name escaped and quoted', async () => {
  const folder = copy();
  mkdirSync(join(folder.data, 'brokers', 'b-\u001b[2J\n'));
  const { code, stdout } = await folder.check();
  assert.equal(code, 0);
  assert.match(stdout, /^"b-\\u001b\[2J\\n": belongs to no broker; /m);
});
