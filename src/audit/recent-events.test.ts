import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reopenedState, SyncingLog } from '../../tests/support/memory-state.ts';
import type { StateStore } from '../storage/state-store.ts';
import { hashOf } from './archive/attributes.ts';
import { RecentEvents } from './recent-events.ts';
import { serviceEventRecord } from './record.ts';
import { Trail, trailTimeline } from './trail.ts';

const startMs = Date.UTC(2026, 10, 1);

/** A trail after a start, whose lines are counted as they are read. */
class Process {
  readonly trail = new Trail();
  readonly log: SyncingLog;
  readonly state: StateStore;
  readCount = 0;
  readonly recent: RecentEvents;

  constructor(log = new SyncingLog(), archived = 0) {
    const reopened = reopenedState(log, [this.trail], [trailTimeline]);
    this.log = reopened.log;
    this.state = reopened.state;
    this.recent = new RecentEvents(() => this.#counted(), this.trail, archived);
  }

  #counted(): Pick<StateStore, 'readNewest' | 'readTimeline'> {
    return {
      readNewest: (...of) => this.#count(this.state.readNewest(...of)),
      readTimeline: (...of) => this.#count(this.state.readTimeline(...of)),
    };
  }

  async *#count<T>(records: AsyncGenerator<T>): AsyncGenerator<T> {
    for await (const record of records) {
      this.readCount++;
      yield record;
    }
  }

  async record(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const number = this.trail.head.count + 1;
      const atMs = startMs + number * 1000;
      const event = serviceEventRecord({
        eventId: `event-${number}`,
        region: 'us-east-1',
        accountId: '111122223333',
        atMs,
        eventSource: 'kms.amazonaws.com',
        eventName: 'RotateKey',
        resources: [],
        details: {},
      });
      await this.state.commit(this.trail.chain(event, atMs));
      if (number % 100 === 0) this.log.roll(this.state);
    }
  }

  /** Each known event of these numbers is the one with its number; returns how many there are. */
  knownOf(from: number, to: number): number {
    let count = 0;
    for (let number = from; number <= to; number++) {
      const event = this.recent.at(number);
      if (event === undefined) continue;
      count++;
      assert.equal(event.number, number);
      assert.equal(event.atMs, startMs + number * 1000);
      assert.ok(event.hashes.includes(hashOf('EventId', `event-${number}`)), `${number}`);
    }
    return count;
  }
}

async function stored(count: number): Promise<SyncingLog> {
  const process = new Process();
  await process.record(count);
  return process.log;
}

test('after a start, only the newest events are read, and older ones as far as they are asked for', async () => {
  const process = new Process(await stored(1000));
  assert.equal(await process.recent.readNew(), 1000);
  assert.equal(process.readCount, 256);
  assert.equal(process.knownOf(745, 1000), 256);
  assert.equal(process.recent.at(744), undefined);
  assert.equal(await process.recent.readOlder(), true);
  assert.equal(process.knownOf(1, 1000), 512);
  assert.equal(await process.recent.readOlder(), true);
  assert.equal(await process.recent.readOlder(), true);
  assert.equal(process.knownOf(1, 1000), 1000);
  assert.equal(await process.recent.readOlder(), false);
  assert.equal(process.readCount, 1000);
});

test('events that are recorded meanwhile are read once, and archived ones are not', async () => {
  const process = new Process(await stored(500), 90);
  await process.recent.readNew();
  await process.record(300);
  await Promise.all([
    process.recent.readOlder(),
    process.recent.readNew(),
    process.recent.readOlder(),
    process.recent.readNew(),
  ]);
  assert.equal(process.knownOf(1, 800), 710);
  assert.equal(process.knownOf(91, 800), 710);
  assert.equal(process.readCount, 710);
  assert.equal(await process.recent.readOlder(), false);
});

test('events that are archived and dropped during a read leave no gap', async () => {
  for (const dropped of [100, 300, 500, 600, 750, 800]) {
    const process = new Process(await stored(800));
    await process.recent.readNew();
    const older = process.recent.readOlder();
    await new Promise((done) => setImmediate(done));
    process.state.dropOldest(trailTimeline, dropped);
    process.recent.dropThrough(dropped);
    await older;
    while (await process.recent.readOlder()) {
      // Until all are known.
    }
    await process.record(10);
    assert.equal(await process.recent.readNew(), 810);
    assert.equal(process.knownOf(dropped + 1, 810), 810 - dropped, `${dropped}`);
  }
});

test('a trail whose older events were dropped by their age has only the others', async () => {
  const process = new Process(await stored(400));
  process.state.dropBefore(trailTimeline, startMs + 250 * 1000);
  await process.recent.readNew();
  while (await process.recent.readOlder()) {
    // Until all are known.
  }
  assert.equal(process.knownOf(1, 400), process.state.countOf(trailTimeline));
  assert.equal(process.recent.at(1), undefined);
});
