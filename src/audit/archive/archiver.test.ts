import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { reopenedState, SyncingLog } from '../../../tests/support/memory-state.ts';
import { isLong } from '../../../tests/support/proof.ts';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { systemRandom } from '../../base/random.ts';
import type { Entry } from '../../storage/journal.ts';
import { sealFile } from '../../storage/sealed-files/sealed-file.ts';
import type { StateStore } from '../../storage/state-store.ts';
import { EventHistory } from '../history.ts';
import { lookUp } from '../lookup.ts';
import { type EventRecord, eventRecord } from '../record.ts';
import { Trail, trailTimeline } from '../trail.ts';
import { ArchiveBuilder } from './archive-file.ts';
import { ArchiveJournal } from './archive-journal.ts';
import { Archiver } from './archiver.ts';
import { Archives, archiveName } from './archives.ts';
import { type LookupKey, lookupKeys, valuesOf } from './attributes.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const folder = '/events';
const sizes = { eventCount: 100, recentCountMin: 30 };
const startMs = Date.UTC(2026, 10, 1);
const nowMs = startMs + 24 * 3600 * 1000;

/** A process with a trail on a log and a disk, which outlive it. */
class Process {
  readonly disk: MemoryDisk;
  readonly trail = new Trail();
  readonly journal = new ArchiveJournal();
  readonly state: StateStore;
  readonly log: SyncingLog;
  readonly archives: Archives;
  readonly archiver: Archiver;
  readonly history: EventHistory;
  /** Commits that are made before the process ends; undefined: it does not end. */
  commitsLeft: number | undefined = undefined;

  constructor(disk = new MemoryDisk(), log = new SyncingLog()) {
    this.disk = disk;
    const reopened = reopenedState(log, [this.trail, this.journal], [trailTimeline]);
    this.state = reopened.state;
    this.log = reopened.log;
    const store = () => this.state;
    const place = { disk, folder, key };
    this.archives = new Archives({ ...place, journal: this.journal });
    this.archiver = new Archiver({
      ...place,
      archives: this.archives,
      trail: this.trail,
      store,
      commit: (entries) => this.#commit(entries),
      random: systemRandom,
      sizes,
    });
    this.history = new EventHistory({ state: store, trail: this.trail, archives: this.archives });
  }

  #commit(entries: readonly Entry[]): Promise<void> {
    if (this.commitsLeft === 0) return Promise.reject(new Error('the process ended'));
    if (this.commitsLeft !== undefined) this.commitsLeft--;
    return this.state.commit(entries);
  }

  async record(event: EventRecord, atMs: number): Promise<void> {
    await this.state.commit(this.trail.chain(event, atMs));
  }

  next(): Process {
    return new Process(this.disk.copy(), this.log);
  }

  /** The ids of all events, oldest first. */
  async ids(after = 0): Promise<string[]> {
    const found: string[] = [];
    for await (const { event } of this.history.readAfter(after)) found.push(event.eventID);
    return found;
  }
}

const names = ['Decrypt', 'CreateGrant', 'ListKeys', 'DescribeKey'];
const users = ['anna', 'ben', 'chris'];

function randomEvent(random: SeededRandom, i: number, atMs: number): EventRecord {
  const name = random.pick(names);
  const user = random.pick(users);
  const arn = `arn:aws:kms:us-east-1:000000000000:key/${random.below(20)}`;
  return eventRecord({
    caller: {
      type: 'user',
      accountId: '000000000000',
      arn: `arn:aws:iam::000000000000:user/${user}`,
      principalId: `AIDA${user}`,
      userName: user,
      accessKeyId: `AKIA${user}`,
    },
    invokedBy: undefined,
    requestId: `request-${i}`,
    eventId: `event-${i}`,
    region: 'us-east-1',
    accountId: '000000000000',
    sourceIp: '127.0.0.1',
    userAgent: 'test',
    atMs,
    eventSource: random.oneIn(2) ? 'kms.amazonaws.com' : 'amazonmq.amazonaws.com',
    eventName: name,
    apiVersion: undefined,
    readOnly: name !== 'CreateGrant',
    ...(random.oneIn(10) && { isDataEvent: true }),
    requestParameters: null,
    responseElements: null,
    resources: random.oneIn(3) ? [{ arn, type: 'AWS::KMS::Key', accountId: '000000000000' }] : [],
  });
}

/** A process with some hundred events, half a minute apart, some of them at the same time. */
async function filled(count: number): Promise<{ process: Process; events: EventRecord[] }> {
  const process = new Process();
  const random = new SeededRandom(7);
  const events: EventRecord[] = [];
  for (let i = 0; i < count; i++) {
    const atMs = startMs + Math.floor(i / 3) * 90_000 + random.below(2000);
    const event = randomEvent(random, i, atMs);
    events.push(event);
    await process.record(event, atMs);
    if (i % 40 === 39) process.log.roll(process.state);
  }
  return { process, events };
}

interface Question {
  readonly attribute: { readonly key: LookupKey; readonly value: string } | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly limit: number;
}

async function answer(process: Process, question: Question): Promise<string[]> {
  const { attribute, ...rest } = question;
  const attributes = attribute === undefined ? [] : [attribute];
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await lookUp(process.history, { attributes, ...rest, nextToken }, nowMs, false);
    found.push(...page.events.map(({ event }) => event.eventID));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

function expected(events: readonly EventRecord[], question: Question): string[] {
  const { attribute, fromMs = 0, toMs = Infinity } = question;
  const found = events.filter((event) => {
    const atMs = Date.parse(event.eventTime);
    const isInRange = atMs >= fromMs && atMs <= toMs;
    const fits =
      attribute === undefined || valuesOf[attribute.key](event).includes(attribute.value);
    return event.managementEvent && isInRange && fits;
  });
  return found.map(({ eventID }) => eventID).reverse();
}

const questionCount = process.env['WAXWING_LONG'] === '1' ? 60 : 15;

test('lookups by every attribute and time find the same events before and after archiving', async () => {
  const { process, events } = await filled(440);
  await process.archiver.run(0);
  assert.deepEqual(
    process.journal.all().map(({ first, last }) => [first, last]),
    [1, 101, 201, 301].map((first) => [first, first + 99]),
  );
  const random = new SeededRandom(3);
  const second = () => startMs + random.below(440 * 30) * 1000;
  for (let i = 0; i < questionCount; i++) {
    const attributeKey = random.pick([...lookupKeys]);
    const [value] = valuesOf[attributeKey](random.pick(events));
    const one = second();
    const other = second();
    const question = {
      attribute: value === undefined || random.oneIn(6) ? undefined : { key: attributeKey, value },
      fromMs: random.oneIn(2) ? undefined : Math.min(one, other),
      toMs: random.oneIn(2) ? undefined : Math.max(one, other),
      limit: 1 + random.below(50),
    };
    assert.deepEqual(await answer(process, question), expected(events, question), `question ${i}`);
  }
});

test('lookups right after a start find the same events while older ones are archived', async () => {
  const { process, events } = await filled(900);
  const question = { attribute: undefined, fromMs: undefined, toMs: undefined, limit: 7 };
  const attribute = { key: 'Username', value: 'anna' } as const;
  const questions = [question, { ...question, limit: 50 }, { ...question, attribute }];
  for (const turns of isLong ? [0, 1, 2, 3, 5, 8, 13, 21] : [0, 3, 21]) {
    const next = process.next();
    const answers = questions.map((each) => answer(next, each));
    for (let i = 0; i < turns; i++) await new Promise((done) => setImmediate(done));
    const archiving = next.archiver.run(0).then(() => next.history.catchUp());
    assert.deepEqual(
      await Promise.all(answers),
      questions.map((each) => expected(events, each)),
      `after ${turns} turns`,
    );
    await archiving;
    assert.equal(next.journal.last, 800);
  }
});

test('all events are read in order across archives, from any number, even after a restart', async () => {
  const { process, events } = await filled(450);
  const all = events.map(({ eventID }) => eventID);
  await process.archiver.run(0);
  for (const each of [process, process.next()]) {
    assert.deepEqual(await each.ids(), all);
    for (const after of [1, 99, 100, 101, 250, 399, 449, 450]) {
      assert.deepEqual(await each.ids(after), all.slice(after));
    }
  }
});

test('archived events leave the system volume in whole segments', async () => {
  const { process } = await filled(450);
  assert.equal(process.state.countOf(trailTimeline), 450);
  await process.archiver.run(0);
  // 400 are archived, and a segment has 40.
  assert.equal(process.state.countOf(trailTimeline), 50);
});

test('a process that ends at any commit loses no event and has none twice', async () => {
  const { process: full, events } = await filled(450);
  const all = events.map(({ eventID }) => eventID);
  for (let commits = 0; commits <= 4; commits++) {
    const process = full.next();
    process.commitsLeft = commits;
    const ended = process.archiver.run(0);
    if (commits < 4) await assert.rejects(ended, /the process ended/);
    else await ended;
    const next = process.next();
    assert.deepEqual(await next.ids(), all, `${commits} commits`);
    await next.archiver.run(0);
    assert.deepEqual(await next.ids(), all, `${commits} commits, archived again`);
    const files = next.disk.names.filter((name) => name.startsWith(folder));
    assert.deepEqual(
      files,
      next.journal.all().map((record) => `${folder}/${archiveName(record)}`),
    );
  }
});

test('archives are removed by age, and newer events stay', async () => {
  const { process, events } = await filled(450);
  await process.archiver.run(0);
  const third = process.journal.all()[2];
  assert.ok(third);
  await process.archiver.run(third.toMs);
  assert.deepEqual(
    await process.ids(),
    events.slice(200).map(({ eventID }) => eventID),
  );
  const next = process.next();
  assert.equal(next.journal.last, 400);
  assert.deepEqual((await next.ids()).length, 250);
  await next.archiver.run(nowMs);
  assert.deepEqual(next.journal.all(), []);
  assert.equal(next.journal.last, 400);
  assert.equal(next.disk.names.filter((name) => name.startsWith(folder)).length, 0);
});

test('an archive that was changed is refused', async () => {
  const { process } = await filled(250);
  await process.archiver.run(0);
  const [record] = process.journal.all();
  assert.ok(record);
  const next = process.next();
  const bytes = next.disk.bytes(`${folder}/${archiveName(record)}`);
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
  await assert.rejects(next.ids(), { code: 'sealed-file-damaged' });
});

test('the texts of events cannot be read in an archive', async () => {
  const { process } = await filled(250);
  await process.archiver.run(0);
  const [record] = process.journal.all();
  assert.ok(record);
  const bytes = process.disk.bytes(`${folder}/${archiveName(record)}`);
  for (const text of ['CreateGrant', 'anna', 'event-7']) assert.equal(bytes.includes(text), false);
});

test('once the filters are read, a lookup of an unknown value reads nothing', async () => {
  const { process } = await filled(450);
  await process.archiver.run(0);
  const next = process.next();
  await next.history.catchUp();
  next.disk.fail('read', 'EIO', 1000);
  const question = { fromMs: undefined, toMs: undefined, limit: 50 };
  const unknown = { key: 'EventId', value: 'none' } as const;
  assert.deepEqual(await answer(next, { ...question, attribute: unknown }), []);
  const known = { key: 'EventId', value: 'event-7' } as const;
  await assert.rejects(answer(next, { ...question, attribute: known }), { code: 'disk-failed' });
});

test('a page ends before it has read many filters, and the token continues', async () => {
  const process = new Process();
  const random = new SeededRandom(9);
  const archiveCount = 120;
  for (let first = 1; first <= archiveCount; first++) {
    const builder = new ArchiveBuilder();
    const event = randomEvent(random, first, startMs);
    const line = { number: first, previous: '', event };
    await builder.add(Buffer.from(JSON.stringify(line)), line, startMs);
    const name = archiveName({ first });
    process.disk.put(`${folder}/${name}`, sealFile(key, name, await builder.parts(), systemRandom));
    const span = { last: first, fromMs: startMs, toMs: startMs };
    process.journal.apply({ put: { first, ...span, previous: '', hash: '', fileBytes: 0 } });
  }
  process.trail.apply({ count: archiveCount, hash: '' });
  const lookup = {
    attributes: [{ key: 'EventId', value: 'event-1' }] as const,
    ...{ fromMs: undefined, toMs: undefined, limit: 50 },
  };
  const sizes: number[] = [];
  let nextToken: string | undefined;
  do {
    const page = await lookUp(process.history, { ...lookup, nextToken }, nowMs, true);
    sizes.push(page.events.length);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(sizes, [0, 0, 1]);
});
