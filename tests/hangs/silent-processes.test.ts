import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { BrokerProcess } from '../../src/engines/waxwing/broker-process.ts';
import { startBrokerProcess } from '../../src/engines/waxwing/broker-start.ts';
import { keepSpare } from '../../src/engines/waxwing/spare-process.ts';
import { isRunning, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { WatchedBroker } from './watched-broker.ts';

// Broker processes that hang. The time of their engine passes only as the tests say: no test depends on
// how fast the machine is.

let broker: WatchedBroker;
before(async () => {
  broker = await WatchedBroker.make();
  await broker.create();
  await broker.start();
});
after(() => broker.remove());

const bodies = Array.from({ length: 20 }, (_, i) => `message ${i}`);
const search = { after: 0, messageCountMax: 10, personNames: [] };
const volumeId = 'vol-00000000000000001';

/** All requests of the service to a process, but for a new data key, which could take effect later. */
function requests(): Promise<unknown>[] {
  const { engine, id } = broker;
  return [
    engine.setPassword(id, 'nobody', 'none'),
    engine.discover(id, search),
    engine.volumes.state(id),
    engine.volumes.rewrap(id, volumeId, []),
    engine.volumes.copy(id),
  ];
}

test('a process that is stopped for less than the limit is reported, and goes on as the same one', async () => {
  const { pid } = broker;
  const client = await broker.connect();
  await client.publish('orders', bodies.slice(0, 10));
  broker.suspend();
  broker.pass(2);
  const early = requests().map((request) =>
    assert.rejects(request, {
      code: 'not-answering',
      message: /has not answered for 1[56] s\. It may still do so\.$/,
    }),
  );
  broker.pass(14);
  await Promise.all(early);
  assert.match(
    await broker.reported('silent'),
    new RegExp(
      `^silent: process ${pid} of the broker has not answered for 15 s: it was stopped by a signal$`,
    ),
  );
  for (const request of requests()) {
    await assert.rejects(request, {
      code: 'not-answering',
      message: /^The broker cannot .*: its process has not answered for 15 s\.$/,
    });
  }
  const { engine, id } = broker;
  const added = { volumeId, dataKey: Buffer.alloc(32, 7), wrappedKey: Buffer.from('another') };
  await assert.rejects(engine.volumes.addDataKey(id, added), /cannot add a data key: its process/);
  assert.deepEqual(await engine.metrics(), [[]]);
  broker.pass(40);
  assert.ok(isRunning(pid));
  broker.resume();
  assert.equal(
    await broker.reported('answers'),
    'answers: the process of the broker answers again, after 55 s',
  );
  await client.publish('orders', bodies.slice(10));
  assert.equal(broker.pid, pid);
  await client.close();
});

test('files that were held too late for a copy are released', async () => {
  // The first test has asked for a copy, and there can be four at a time.
  const { engine, id } = broker;
  const copies = [];
  for (let i = 0; i < 4; i++) {
    copies.push(await until('a copy', () => engine.volumes.copy(id).catch(() => undefined)));
  }
  for (const copy of copies) assert.equal(await copy.release(), true);
});

test('a process that does not answer for a minute is killed, and no confirmed message is lost', async () => {
  const { pid } = broker;
  broker.reports.length = 0;
  broker.suspend();
  broker.pass(70);
  const crashed = await broker.reported('crashed');
  assert.match(crashed, /^crashed: it has not answered for 6\d s and was killed$/);
  assert.ok(!isRunning(pid));
  await broker.start();
  const client = await broker.connect();
  assert.deepEqual(await client.take('orders'), bodies);
  await client.close();
});

/** Keeps a spare process, for the next start, that is stopped before it does anything. */
function keepStopped(): void {
  const child = startBrokerProcess();
  child.kill('SIGSTOP');
  keepSpare(child);
}

test('a process that hangs while it starts is killed, too, and the start fails', async () => {
  await broker.engine.stop(broker.id, 'to start again');
  keepStopped();
  const failed = assert.rejects(
    broker.start(),
    /ended while it started: it has not answered for 6\d s and was killed/,
  );
  await broker.watched();
  broker.pass(70);
  await failed;
  await broker.start();
});

test('the start of a process that hangs ends when the broker loses its key, or is deleted', async () => {
  await broker.engine.stop(broker.id, 'to start again');
  keepStopped();
  const { pid } = broker;
  const failed = assert.rejects(broker.start(), /ended while it started: signal SIGKILL/);
  await broker.watched();
  broker.engine.abandon(broker.id);
  await failed;
  assert.ok(!isRunning(pid));
  await broker.start();
});

test('a process that is known not to answer is killed at once when its broker is stopped', async () => {
  const { pid } = broker;
  broker.suspend();
  broker.pass(20);
  await broker.reported('silent');
  await broker.engine.stop(broker.id, 'its key is lost');
  assert.ok(!isRunning(pid));
  await broker.start();
  const client = await broker.connect();
  assert.deepEqual(await client.take('orders'), []);
  await client.close();
});

test('a process that computes in an endless loop is named as such', async () => {
  const program = 'process.on("message", () => { for (;;); })';
  const child = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
  });
  const looping = new BrokerProcess(child);
  const reports: string[] = [];
  const events = {
    log: () => {},
    loginFailed: () => {},
    accessed: () => {},
    ended: () => {},
    resealed: () => {},
    alarmed: () => {},
    answering: (_: boolean, detail: string) => void reports.push(detail),
  };
  const failed = assert.rejects(
    looping.start({ type: 'start' } as never, Buffer.alloc(32), events),
  );
  await until('it loops', () => cpuTicks(looping.pid ?? 0) > 20);
  for (let second = 0; second < 20; second++) looping.passed(1000);
  await until('a report', () => reports.length > 0);
  assert.match(
    reports.join(),
    /^process \d+ of the broker has not answered for 15 s: it computes without a pause$/,
  );
  for (let second = 0; second < 60; second++) looping.passed(1000);
  await failed;
});

test('a start that hangs ends within the time of a stop when the service stops', {
  skip: !isLong && 'in the long run: it waits for eight seconds',
}, async () => {
  const other = await WatchedBroker.make();
  await other.create();
  keepStopped();
  const failed = assert.rejects(other.start(), /ended while it started: signal SIGKILL/);
  await other.watched();
  other.engine.abandonStarts();
  await failed;
  await other.remove();
});

/** The processor time of a process, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]);
}
