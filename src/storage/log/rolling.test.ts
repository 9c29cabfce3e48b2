import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextStore } from '../../../tests/simulation/log-owner.ts';
import { Machine, nothingTold, powerCut } from '../../../tests/simulation/machine.ts';
import type { LogOptions } from '../log-owner.ts';

async function opened(machine: Machine, options: Partial<LogOptions> = {}) {
  const texts = new TextStore();
  const told = nothingTold();
  const result = await machine.finish(machine.open(texts, options, told));
  assert.ok(result !== powerCut);
  const [volume, log] = result;
  const synced = async () => {
    const group = log.openGroup;
    log.reserve(3, 0);
    log.sync();
    await machine.until(() => told.durable >= group, 'a sync');
  };
  return { texts, log, volume, synced };
}

async function withMachine(life: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = new Machine(1);
  await machine.run(async () => {
    await machine.format();
    await life(machine);
  });
}

test('segments end even if every record is in a batch', async () => {
  await withMachine(async (machine) => {
    const { texts, log, volume, synced } = await opened(machine, { segmentBytes: 20_000 });
    for (let i = 0; i < 60; i++) {
      log.beginBatch();
      const group = log.openGroup;
      texts.put('a', 1500, i);
      texts.put('b', 1500, i);
      assert.equal(log.openGroup, group);
      log.endBatch();
      if (i % 3 === 0) await synced();
    }
    await machine.finish(log.close());
    await volume.close();
    const files = machine.disk.list('/data').filter((name) => name.startsWith('seg-'));
    for (const name of files) assert.ok(machine.disk.file(`/data/${name}`).sizeBytes < 40_000);
    assert.ok(files.every((name) => name !== 'seg-1'));
    const next = await opened(machine);
    assert.deepEqual([...next.texts.facts()].sort(), [
      ['a', '1500x59'],
      ['b', '1500x59'],
    ]);
  });
});

test('no bytes are pending once everything is synced, regardless of checkpoints and batches', async () => {
  await withMachine(async (machine) => {
    const { texts, log, volume, synced } = await opened(machine, {
      segmentBytes: 12_000,
      sliceBytes: 150,
    });
    for (let i = 0; i < 60; i++) {
      texts.put(`n${i % 24}`, 900, i % 256);
      if (i % 3 === 0) texts.drop(`n${i % 24}`);
      if (i % 5 === 0) await synced();
    }
    await synced();
    await machine.finish(log.close());
    assert.equal(log.pendingBytes, 0);
    await volume.close();
  });
});

test('data longer than the cache can be read, and the last block read stays until the next', async () => {
  await withMachine(async (machine) => {
    const { texts, synced, log } = await opened(machine, { cacheBytes: 1000 });
    texts.put('long', 150_000, 1);
    texts.put('other', 150_000, 2);
    await synced();
    for (const name of ['long', 'other', 'long', 'long', 'other']) {
      await machine.finish(texts.read(name));
      await machine.turns(2);
      const inMemory = log.blocks.filter((block) => (block?.buffer.length ?? 0) > 150_000);
      assert.equal(inMemory.length, 1);
    }
  });
});

test('a record released only in memory survives repeated crashes', async () => {
  await withMachine(async (machine) => {
    const life = await opened(machine, { segmentBytes: 20_000 });
    for (let i = 0; i < 8; i++) life.texts.put(`n${i}`, 2000, i);
    await life.synced();
    const before = life.texts.facts();
    // The next record begins a segment: the index of this one has no n0 any more.
    const place = life.texts.places.get('n0');
    assert.ok(place !== undefined);
    life.texts.places.delete('n0');
    life.texts.log.release(place.slot);
    machine.disk.fault = (operation) => (operation === 'create' ? 'EIO' : undefined);
    life.texts.put('last', 8000, 9);
    await machine.turns(100);
    machine.disk.fault = () => undefined;
    assert.equal(life.log.durableGroup, 2);
    for (let crash = 0; crash < 3; crash++) {
      machine.restart();
      const next = await opened(machine);
      assert.deepEqual(next.texts.facts(), before);
      await next.synced();
    }
  });
});
