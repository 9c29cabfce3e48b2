import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isRunning, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { WatchedBroker } from './watched-broker.ts';

// A broker on a disk that does not answer: the kernel holds back all writes to its file system.

const made = isLong ? SmallDisk.mount(512) : 'in the long run';
const disk = typeof made === 'string' ? undefined : made;
const folder = disk?.folder ?? '';
const skip = canFreeze() ? false : 'a long test on a file system that can be frozen';
let broker: WatchedBroker | undefined;
after(async () => {
  await broker?.remove();
  disk?.remove();
});

function freeze(): void {
  execFileSync('fsfreeze', ['--freeze', folder]);
}

function thaw(): void {
  execFileSync('fsfreeze', ['--unfreeze', folder]);
}

/** Not in memory, where there is no loop device. */
function canFreeze(): boolean {
  if (disk === undefined) return false;
  try {
    freeze();
    thaw();
    return true;
  } catch {
    return false;
  }
}

test('a process that waits for its disk while it starts is reported, not killed, and starts then', {
  skip,
}, async () => {
  broker = await WatchedBroker.make(join(folder, 'brokers'));
  await broker.create();
  freeze();
  const started = broker.start();
  let pid = 0;
  try {
    await broker.watched();
    pid = broker.pid;
    const state = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.charAt(0);
    await until('it waits for the disk', () => state() === 'D');
    broker.pass(120);
    assert.match(await broker.reported('silent'), /: it waits for a disk$/);
    assert.equal(state(), 'D');
  } finally {
    thaw();
  }
  assert.match(await broker.reported('answers'), /answers again, after 1\d\d s$/);
  await started;
  assert.equal(broker.pid, pid);
});

test('a killed process that the disk keeps is told of, and its broker starts once it has ended', {
  skip,
}, async () => {
  assert.ok(broker);
  const { pid, engine, id } = broker;
  const client = await broker.connect();
  await client.publish('orders', ['one', 'two']);
  freeze();
  const unconfirmed = client.publish('orders', ['three']).catch(() => {});
  const stop = () => engine.stop(id, 'its key is lost');
  try {
    // The process itself notices, in its own time, and answers.
    await broker.reported('alarms: writes');
    await broker.reported('the disk has not completed a write for 15 s');
    await assert.rejects(
      stop(),
      /^Error: process \d+ .* was killed and has not ended: it waits for a/,
    );
    await assert.rejects(stop(), /was killed and has not ended/);
  } finally {
    thaw();
  }
  assert.equal(await broker.reported('crashed'), 'crashed: signal SIGKILL');
  assert.ok(!isRunning(pid));
  await unconfirmed;
  await stop();
  await broker.start();
  const again = await broker.connect();
  assert.deepEqual((await again.take('orders')).slice(0, 2), ['one', 'two']);
  await again.close();
});
