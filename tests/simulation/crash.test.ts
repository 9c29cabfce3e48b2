import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Volume } from '../../src/storage/volume.ts';
import { simulateCut } from './broker-crash.ts';
import { Ledger } from './ledger.ts';
import { TextStore } from './log-owner.ts';
import { Machine, nothingTold, powerCut } from './machine.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedMax = isLong ? 60 : 1;
/** Changes of the second start at which the power is cut, and lives that end at each of them. */
const cutCount = isLong ? 60 : 6;
const livesPerCut = isLong ? 8 : 2;

test('a power cut at any disk operation loses no confirmed message', async () => {
  for (let seed = 1; seed <= seedMax; seed++) {
    for (let change = 1, wasCut = true; wasCut; change++) {
      wasCut = await simulateCut(seed, change).catch((cause: unknown) => {
        throw new Error(`simulateCut(${seed}, ${change})`, { cause });
      });
    }
  }
});

/** Opens the volume with an owner that the disk's trouble may surprise. */
async function opened(machine: Machine, options = {}) {
  const texts = new TextStore();
  const told = nothingTold();
  const result = await machine.finish(machine.open(texts, options, told));
  assert.ok(result !== powerCut);
  return { texts, told, volume: result[0], log: result[1] };
}

async function synced({ log, told }: Awaited<ReturnType<typeof opened>>, machine: Machine) {
  const group = log.openGroup;
  log.reserve(3, 0);
  log.sync();
  await machine.until(() => told.durable >= group || told.failure !== undefined, 'a sync');
}

async function withMachine(life: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = new Machine(1);
  await machine.run(async () => {
    await machine.format();
    await life(machine);
  });
}

/** Starts on the volume, and ends that at the given change; returns whether it had so many. */
async function endedStart(machine: Machine, end: 'kill' | 'cutPower', change: number) {
  const { disk } = machine;
  const told = nothingTold();
  machine.restart();
  disk.crash = () => disk[end]();
  disk.cutAt = disk.changeCount + change;
  await machine.finish(machine.open(new TextStore(), {}, told));
  await machine.until(() => told.durable > 0, 'the first group');
  const wasEnded = disk.isCut;
  machine.restart();
  return wasEnded;
}

test('a kill in one start and a power cut in the next lose nothing, at any disk operation', async () => {
  for (let kill = 1, wasKilled = true; wasKilled; kill++) {
    for (let i = 0; i < cutCount * livesPerCut; i++) {
      const machine = new Machine(kill * 1000 + i);
      await machine.run(async () => {
        await machine.format();
        const life = await opened(machine);
        life.texts.put('a', 100, 1);
        await synced(life, machine);
        if (i % Math.min(4, livesPerCut) > 0) await machine.finish(life.log.close());
        wasKilled = await endedStart(machine, 'kill', kill);
        await endedStart(machine, 'cutPower', 1 + Math.floor(i / livesPerCut));
        await machine.check();
        machine.restart();
        assert.deepEqual([...(await opened(machine)).texts.facts()], [['a', '100x1']]);
      });
    }
  }
});

test('a full disk is reported once, loses nothing, and continues when it has space', async () => {
  await withMachine(async (machine) => {
    const life = await opened(machine, { segmentBytes: 20_000 });
    await synced(life, machine);
    machine.disk.capacityBytes = machine.disk.usedBytes + 9000;
    for (let i = 0; i < 40; i++) life.texts.put(`n${i}`, 2000, i);
    const all = synced(life, machine);
    await machine.until(() => life.told.full.length > 0, 'a full disk');
    for (let i = 0; i < 10; i++) {
      machine.clock.advance(1000);
      await machine.turns(20);
    }
    assert.deepEqual(life.told.full, [true]);
    machine.disk.capacityBytes = Infinity;
    await all;
    assert.equal(life.told.full.at(-1), false);
    machine.restart();
    const next = await opened(machine);
    assert.deepEqual(next.texts.facts(), life.texts.facts());
  });
});

for (const operation of ['write', 'sync', 'truncate', 'create', 'syncFolder', 'rename'] as const) {
  test(`a log whose disk fails a ${operation} stops confirming and is intact when reopened`, async () => {
    await withMachine(async (machine) => {
      const life = await opened(machine, { segmentBytes: 12_000 });
      life.texts.put('before', 100, 1);
      await synced(life, machine);
      machine.disk.fault = (asked) => (asked === operation ? 'EIO' : undefined);
      for (let i = 0; i < 30 && life.told.failure === undefined; i++) {
        life.texts.put('again', 3000, i);
        await synced(life, machine);
      }
      const { failure, durable } = life.told;
      assert.match(String(failure), /disk-failed|failed: EIO/);
      life.texts.put('after', 100, 2);
      await machine.turns(50);
      assert.equal(life.told.durable, durable);
      await assert.rejects(life.log.close(), { code: 'disk-failed' });
      machine.restart();
      machine.disk.fault = () => undefined;
      const next = await opened(machine);
      assert.equal(next.texts.facts().get('before'), '100x1');
      assert.equal(next.texts.facts().has('after'), false);
    });
  });
}

test('a truncated file is reported as damage, not read as a shorter log', async () => {
  await withMachine(async (machine) => {
    const life = await opened(machine);
    life.texts.put('a', 9000, 1);
    await synced(life, machine);
    await machine.finish(life.log.close());
    await life.volume.close();
    const file = machine.disk.file('/data/seg-1');
    for (let size = file.sizeBytes - 1; size > 0; size -= 700) {
      file.truncate(size);
      await assert.rejects(machine.check(), { code: 'volume-damaged', message: /seg-1/ });
    }
    await assert.rejects(opened(machine), { code: 'volume-damaged', message: /seg-1/ });
  });
});

test('creating a volume leaves no volume or a complete one after a power cut at any step', async () => {
  for (let cutAt = 1; cutAt <= 8; cutAt++) {
    const machine = new Machine(cutAt);
    machine.disk.cutAt = cutAt;
    await machine.run(async () => {
      await machine.format();
      machine.restart();
      const isThere = machine.disk.list('/data').includes('volume');
      if (!isThere) await machine.format();
      const life = await opened(machine);
      await machine.finish(life.log.close());
    });
  }
});

test('a state that matches no committed group is reported as a disagreement', () => {
  const ledger = new Ledger(new Map([['a', '1']]));
  ledger.set('b', '1', 2, 2);
  ledger.set('a', undefined, 3, 3);
  ledger.set('c', '1', 4, 6, 1);
  ledger.set('b', undefined, 4, 6, 1);
  const found = (names: string) => new Map([...names].map((name) => [name, '1']));
  assert.equal(ledger.verify(found('ab'), 1, 7), 2);
  assert.equal(ledger.verify(found('b'), 1, 7), 5);
  assert.equal(ledger.verify(found('c'), 1, 7), 7);
  assert.throws(() => ledger.verify(found('ab'), 3, 7), /a is 1, not undefined/);
  assert.throws(() => ledger.verify(found(''), 1, 7), /no group from 1 to 7/);
  assert.throws(() => ledger.verify(found('bc'), 4, 4), /apart from what changed with it/);
  assert.throws(() => ledger.verify(found('d'), 1, 7), /d was never there/);
});

test('a volume can be opened only once on a machine', async () => {
  await withMachine(async (machine) => {
    const life = await opened(machine);
    await assert.rejects(opened(machine), { code: 'folder-locked' });
    assert.ok(life.volume instanceof Volume);
  });
});
