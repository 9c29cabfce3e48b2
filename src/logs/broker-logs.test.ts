import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { MemoryDisk } from '../../tests/support/memory-disk.ts';
import { Volume } from '../storage/volume.ts';
import { BrokerLogs, brokerLogLimits } from './broker-logs.ts';

const folder = '/logs';
const all = { fromMs: -Infinity, toMs: Infinity, newestFirst: false };

/** A disk with a volume for logs, and as many starts on it as are asked for. */
class Machine {
  readonly clock = new ManualClock();
  readonly disk = new MemoryDisk();
  readonly failures: Error[] = [];
  readonly #dataKey = createSecretKey(randomBytes(32));
  #epoch = 0;

  static async make(): Promise<Machine> {
    const machine = new Machine();
    const volume = { id: 'logs-1', kind: 'system', wrappedKey: Buffer.from('wrapped') } as const;
    await Volume.format(machine.disk, folder, volume, machine.#dataKey);
    return machine;
  }

  logs(): BrokerLogs {
    return new BrokerLogs({ clock: this.clock, failed: (error) => this.failures.push(error) });
  }

  async open(logs = this.logs()): Promise<BrokerLogs> {
    this.#epoch += 1;
    const volume = await Volume.open(this.disk, folder, this.#dataKey);
    await logs.open(volume, { epoch: this.#epoch, epochMin: this.#epoch - 1 });
    return logs;
  }
}

async function texts(logs: BrokerLogs, range: Partial<typeof all> = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const { brokerId, level, text } of logs.read({ ...all, ...range })) {
    found.push(`${brokerId} ${level} ${text}`);
  }
  return found;
}

test('lines are found in order, by time, and after a restart', async () => {
  const machine = await Machine.make();
  const logs = await machine.open();
  const startMs = machine.clock.nowMs();
  for (const text of ['first', 'second', 'third']) {
    logs.append('b-1', 'warn', text);
    machine.clock.advance(1000);
  }
  await logs.flush();
  const expected = ['b-1 warn first', 'b-1 warn second', 'b-1 warn third'];
  assert.deepEqual(await texts(logs), expected);
  assert.deepEqual(await texts(logs, { fromMs: startMs + 1000 }), expected.slice(1));
  await logs.close();
  const again = await machine.open();
  assert.deepEqual(await texts(again), expected);
  await again.close();
});

test('lines written before the volume is open are buffered', async () => {
  const machine = await Machine.make();
  const logs = machine.logs();
  logs.append('b-1', 'error', 'early');
  await machine.open(logs);
  await logs.close();
  const again = await machine.open();
  assert.deepEqual(await texts(again), ['b-1 error early']);
  await again.close();
});

test('a flood of lines is limited, and the dropped lines are counted', async () => {
  const machine = await Machine.make();
  const logs = await machine.open();
  const count = brokerLogLimits.waitingCountMax + 10;
  for (let i = 0; i < count; i++) logs.append('b-1', 'info', `line ${i}`);
  await logs.flush();
  const found = await texts(logs);
  assert.equal(found.length, brokerLogLimits.waitingCountMax + 1);
  assert.equal(
    found.at(-1),
    'b-1 warn 10 broker log lines were dropped because they arrived too fast',
  );
  await logs.close();
});

test('a long line is truncated and states its original length', async () => {
  const machine = await Machine.make();
  const logs = await machine.open();
  logs.append('b-1', 'info', 'x'.repeat(100_000));
  await logs.flush();
  const [line = ''] = await texts(logs);
  assert.match(line, /x… \(100000 characters\)$/);
  assert.ok(line.length < 8300);
  await logs.close();
});

test('lines older than a day are dropped and their files removed', async () => {
  const machine = await Machine.make();
  const logs = await machine.open();
  const text = 'x'.repeat(8000);
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 200; i++) logs.append('b-1', 'info', `${round} ${text}`);
    await logs.flush();
    machine.clock.advance(brokerLogLimits.keptMs / 2);
    logs.dropOld();
  }
  const rounds = new Set((await texts(logs)).map((line) => line.split(' ')[2]));
  assert.ok(!rounds.has('0') && rounds.has('3'), [...rounds].join());
  await logs.close();
  const sizes = await Promise.all(
    (await machine.disk.list(folder)).map(async (name) => {
      const file = await machine.disk.open(`${folder}/${name}`);
      return file.sizeBytes;
    }),
  );
  const sum = sizes.reduce((a, b) => a + b, 0);
  assert.ok(sum < 6 * 1024 * 1024, `${sum} bytes for two days of 1.6 MB each half day`);
});

test('the volume size is also limited for many lines within a day', async () => {
  const machine = await Machine.make();
  const logs = await machine.open();
  const text = 'x'.repeat(8000);
  const segments = brokerLogLimits.segmentCountMax + 5;
  for (let i = 0; i < segments * 132; i++) {
    logs.append('b-1', 'info', text);
    if (i % 1000 !== 0) continue;
    await logs.flush();
    logs.dropOld();
  }
  await logs.flush();
  logs.dropOld();
  const names = (await machine.disk.list(folder)).filter((name) => name.startsWith('seg-'));
  assert.ok(names.length <= brokerLogLimits.segmentCountMax + 3, `${names.length} segments`);
  await logs.close();
});
