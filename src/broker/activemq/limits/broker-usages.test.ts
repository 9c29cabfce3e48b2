import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../../tests/support/bare-broker.ts';
import { Publication } from '../../publication.ts';
import { Turns } from '../../turns/turns.ts';
import { type ActiveMqSettings, defaultSettings } from '../policies/destination-policy.ts';
import { BrokerUsages } from './broker-usages.ts';

function open(settings: Partial<ActiveMqSettings> = {}) {
  const clock = new ManualClock();
  const turns = new Turns({
    clock,
    turnMs: () => 0,
    workUnitsMax: 10_000,
    wakeAt: undefined,
    isBehind: () => false,
    isRecovering: () => false,
    pumped: () => {},
    jobFailed: (error) => {
      throw error;
    },
  });
  const used = { stored: 0, transient: 0 };
  const told = { reclaims: 0, changes: 0, warnings: [] as string[] };
  const usages = new BrokerUsages(
    {
      turns,
      settings: {
        ...defaultSettings,
        system: { memoryBytesMax: 1000, storeBytesMax: 100, tempBytesMax: 200 },
        ...settings,
      },
      storedBytes: () => used.stored,
      transientBytes: () => used.transient,
      reclaim: () => told.reclaims++,
      warn: (text) => told.warnings.push(text),
    },
    () => told.changes++,
  );
  usages.start();
  const advance = (ms: number) => {
    clock.advance(ms);
    turns.doDue();
  };
  const full = (isPersistent: boolean) => {
    const publication = new Publication();
    publication.isPersistent = isPersistent;
    return usages.fullFor(publication, () => true);
  };
  return { usages, used, told, advance, full };
}

test('a full store blocks persistent messages, and a full temporary store blocks the others', () => {
  const { usages, used, told, advance, full } = open();
  advance(100);
  assert.deepEqual([full(true), full(false), usages.isFull], [undefined, undefined, false]);
  used.stored = 100;
  advance(100);
  assert.deepEqual([full(true)?.options.name, full(false)], ['store', undefined]);
  used.stored = 99;
  used.transient = 200;
  advance(100);
  assert.deepEqual([full(true), full(false)?.options.name], [undefined, 'temp']);
  assert.deepEqual(told.warnings, [
    'Persistent store is full: 100 of 100 bytes. Producers are blocked until there is room.',
    'Temp Store is full: 200 of 200 bytes. Producers are blocked until there is room.',
  ]);
  used.transient = 0;
  advance(100);
  assert.equal(usages.isFull, false);
});

test('full memory blocks messages to destinations with flow control', () => {
  const { usages, used, advance } = open({
    system: { memoryBytesMax: 1000, storeBytesMax: Infinity, tempBytesMax: Infinity },
  });
  used.transient = 1000;
  advance(100);
  const publication = new Publication();
  assert.equal(usages.fullFor(publication, () => true)?.options.name, 'memory');
  assert.equal(
    usages.fullFor(publication, () => false),
    undefined,
  );
});

test('storage is reclaimed once a second while the store is full', () => {
  const { used, told, advance } = open();
  used.stored = 100;
  for (let ms = 0; ms < 3000; ms += 100) advance(100);
  assert.equal(told.reclaims, 3);
  assert.equal(told.warnings.length, 1);
});

test('blocked messages are rejected after a timeout with ActiveMQ’s error text', () => {
  const { usages, used, told, advance, full } = open({ refusesSendsAfterMs: 1000 });
  used.stored = 100;
  advance(100);
  assert.equal(usages.isRefusing, false);
  advance(1000);
  assert.equal(usages.isRefusing, true);
  assert.ok(told.changes >= 2);
  assert.throws(() => full(true)?.refuse('queue://Q'), {
    code: 'resource-error',
    message:
      'Persistent store is full, 100% of 100. Stopping producer to prevent flooding queue://Q.',
  });
  used.stored = 0;
  advance(100);
  assert.equal(usages.isRefusing, false);
});

test('blocked producers resume one by one while there is room', async () => {
  const { used, advance, full } = open();
  used.stored = 100;
  advance(100);
  const freed: number[] = [];
  for (let n = 0; n < 5; n++) {
    full(true)?.add({
      freed: () => {
        freed.push(n);
        used.stored += 10;
      },
    });
  }
  used.stored = 80;
  advance(5);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(freed, [0, 1]);
  used.stored = 0;
  advance(5);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(freed, [0, 1, 2, 3, 4]);
});
