import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from '../../tests/support/log-lines.ts';
import { dayMs, LogsMachine } from '../../tests/support/logs-machine.ts';
import { type BrokerLogs, brokerLogLimits } from './broker-logs.ts';
import type { StreamName } from './store/log-line.ts';

const one: StreamName = { brokerId: 'b-1', category: 'general', stream: 'a.log' };
const two: StreamName = { brokerId: 'b-2', category: 'connection', stream: 'b.log' };

async function texts(logs: BrokerLogs): Promise<string[]> {
  return (await linesOf(logs)).map(({ brokerId, text }) => `${brokerId} ${text}`);
}

test('lines are in order, have increasing times and sequences, and survive restarts', async () => {
  const machine = await LogsMachine.make();
  let logs = await machine.open();
  for (let i = 0; i < 30; i++) {
    logs.append(i % 3 === 0 ? two : one, 'info', `line ${i}`);
    // The clock is set back once.
    machine.clock.advance(i === 10 ? -5000 : 100);
    if (i % 7 === 0) await logs.flush();
    if (i % 10 !== 9) continue;
    await logs.close();
    logs = await machine.open();
  }
  const lines = await linesOf(logs);
  assert.equal(lines.length, 30);
  for (const brokerId of ['b-1', 'b-2']) {
    const own = lines.filter((line) => line.brokerId === brokerId);
    assert.deepEqual(
      own.map(({ sequence }) => sequence),
      own.map((_, i) => i),
    );
    const times = own.map(({ atMs }) => atMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  }
  await logs.close();
});

test('lines written before the volume is open are buffered', async () => {
  const machine = await LogsMachine.make();
  const logs = machine.logs();
  logs.append(one, 'error', 'early');
  await machine.open(logs);
  await logs.close();
  const again = await machine.open();
  assert.deepEqual(await texts(again), ['b-1 early']);
  await again.close();
});

test('a wait for lines ends, even if they are already on disk', async () => {
  const machine = await LogsMachine.make();
  const logs = await machine.open();
  await logs.store.synced();
  logs.store.append(one, machine.clock.nowMs(), 'info', 'line');
  await logs.store.synced();
  await logs.store.synced();
  await logs.close();
  const again = await machine.open();
  assert.deepEqual(await texts(again), ['b-1 line']);
  await again.close();
});

test('a broker that writes too fast loses lines, and other brokers do not', async () => {
  const machine = await LogsMachine.make();
  const logs = await machine.open();
  const count = brokerLogLimits.waitingOfBrokerMax + 10;
  for (let i = 0; i < count; i++) logs.append(one, 'info', `line ${i}`);
  logs.append(two, 'info', 'kept');
  await logs.flush();
  const found = await texts(logs);
  const dropped = 'b-1 10 broker log lines were dropped because they arrived too fast';
  assert.equal(found.length, brokerLogLimits.waitingOfBrokerMax + 2);
  assert.ok(found.includes('b-2 kept'));
  assert.ok(found.includes(dropped));
  await logs.close();
});

test('a long line is truncated and states its original length', async () => {
  const machine = await LogsMachine.make();
  const logs = await machine.open();
  logs.append(one, 'info', 'x'.repeat(100_000));
  await logs.flush();
  const [line = ''] = await texts(logs);
  assert.match(line, /x… \(100000 characters\)$/);
  assert.ok(line.length < 8300);
  await logs.close();
});

test('lines of a group with a retention expire, are removed from the disk, and others stay', async () => {
  const machine = await LogsMachine.make();
  machine.retentionDays.set('b-1', 1);
  const logs = await machine.open();
  const text = 'x'.repeat(4000);
  for (let day = 0; day < 4; day++) {
    for (let i = 0; i < 500; i++) {
      logs.append(one, 'info', `expiring ${day} ${text}`);
      if (i % 50 === 0) logs.append(two, 'info', `kept ${day} ${i}`);
    }
    await logs.flush();
    machine.clock.advance(dayMs + 1);
    logs.dropOld();
  }
  const found = await texts(logs);
  assert.deepEqual(
    found.filter((line) => line.startsWith('b-1')),
    [],
  );
  assert.equal(found.filter((line) => line.startsWith('b-2')).length, 40);
  // 8 MB were written, and 40 lines are kept.
  await machine.shrunkTo(512 * 1024, () => logs.dropOld());
  await logs.close();
  const again = await machine.open();
  assert.deepEqual(await texts(again), found);
  await again.close();
});

test('the broker with most lines loses the oldest ones once there are too many', async () => {
  const machine = await LogsMachine.make();
  const bytesMax = 1024 * 1024;
  const logs = await machine.open(machine.logs(bytesMax));
  logs.append(two, 'info', 'of the quiet broker');
  const text = 'x'.repeat(8000);
  for (let i = 0; i < 300; i++) {
    logs.append(one, 'info', `${i} ${text}`);
    if (i % 50 === 0) await logs.flush();
  }
  await logs.flush();
  const [large] = [...logs.streams].filter(({ brokerId }) => brokerId === 'b-1');
  const [quiet] = [...logs.streams].filter(({ brokerId }) => brokerId === 'b-2');
  assert.ok((large?.sizeBytes ?? Infinity) <= bytesMax);
  assert.ok((large?.sizeBytes ?? 0) > bytesMax / 2);
  assert.equal(quiet?.count, 1);
  assert.ok((large?.first ?? 0) > 0);
  await logs.close();
});
