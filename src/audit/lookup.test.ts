import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { MemoryDisk } from '../../tests/support/memory-disk.ts';
import { memoryState } from '../../tests/support/memory-state.ts';
import type { Caller } from '../calls/caller.ts';
import type { CompletedCall } from '../calls/completed-call.ts';
import { ArchiveJournal } from './archive/archive-journal.ts';
import { Archives } from './archive/archives.ts';
import { AuditError } from './errors.ts';
import { EventHistory } from './history.ts';
import { type Lookup, lookUp } from './lookup.ts';
import { eventRecord } from './record.ts';
import { Trail, trailTimeline } from './trail.ts';

const keyArn = 'arn:aws:kms:us-east-1:000000000000:key/1b2c3d4e-0000-4000-8000-000000000001';
const root: Caller = {
  type: 'root',
  accountId: '000000000000',
  arn: 'arn:aws:iam::000000000000:root',
  principalId: '000000000000',
  accessKeyId: 'AKIAEXAMPLE',
};
const role: Caller = {
  type: 'assumed-role',
  accountId: '000000000000',
  arn: 'arn:aws:sts::000000000000:assumed-role/ops/anna',
  principalId: 'AROAEXAMPLE:anna',
};
const nowMs = Date.UTC(2026, 10, 23);
const anything: Lookup = {
  attributes: [],
  fromMs: undefined,
  toMs: undefined,
  limit: 50,
  nextToken: undefined,
};

async function trailOf(calls: readonly Partial<CompletedCall>[]): Promise<EventHistory> {
  const trail = new Trail();
  const state = memoryState([trail], [trailTimeline]);
  for (const [i, call] of calls.entries()) {
    const atMs = nowMs - (calls.length - i) * 1000;
    const event = eventRecord({
      caller: root,
      invokedBy: undefined,
      requestId: `request-${i}`,
      eventId: `event-${i}`,
      region: 'us-east-1',
      accountId: '000000000000',
      sourceIp: '127.0.0.1',
      userAgent: 'test',
      atMs,
      eventSource: 'kms.amazonaws.com',
      eventName: 'ListKeys',
      apiVersion: undefined,
      readOnly: true,
      requestParameters: null,
      responseElements: null,
      resources: [],
      ...call,
    });
    await state.commit(trail.chain(event, call.atMs ?? atMs));
  }
  const key = createSecretKey(Buffer.alloc(32));
  const parts = { disk: new MemoryDisk(), folder: '/events', key, journal: new ArchiveJournal() };
  return new EventHistory({ state: () => state, trail, archives: new Archives(parts) });
}

async function ids(history: EventHistory, lookup: Partial<Lookup>): Promise<string[]> {
  const { events } = await lookUp(history, { ...anything, ...lookup }, nowMs, false);
  return events.map(({ event }) => event.eventID);
}

test('lookup pages return every event once, newest first', async () => {
  const history = await trailOf(Array.from({ length: 7 }, () => ({})));
  const pages: string[][] = [];
  let nextToken: string | undefined;
  do {
    const page = await lookUp(history, { ...anything, limit: 3, nextToken }, nowMs, false);
    pages.push(page.events.map(({ event }) => event.eventID));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(pages, [
    ['event-6', 'event-5', 'event-4'],
    ['event-3', 'event-2', 'event-1'],
    ['event-0'],
  ]);
});

test('a full last page has no next token', async () => {
  const history = await trailOf([{}, {}]);
  const page = await lookUp(history, { ...anything, limit: 2 }, nowMs, false);
  assert.equal(page.events.length, 2);
  assert.equal(page.nextToken, undefined);
});

test('a page of large events holds fewer events, and no event is skipped', async () => {
  const requestParameters = { policy: '"'.repeat(50_000) };
  const responseElements = { policy: '"'.repeat(50_000) };
  const large = { readOnly: false, requestParameters, responseElements };
  const history = await trailOf(Array.from({ length: 25 }, () => large));
  const sizes: number[] = [];
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await lookUp(history, { ...anything, nextToken }, nowMs, false);
    sizes.push(page.events.length);
    found.push(...page.events.map(({ event }) => event.eventID));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(sizes, [10, 10, 5]);
  assert.deepEqual(
    found,
    Array.from({ length: 25 }, (_, i) => `event-${24 - i}`),
  );
});

test('each lookup attribute finds exactly the matching events', async () => {
  const history = await trailOf([
    { eventName: 'CreateGrant', readOnly: false },
    { eventSource: 'amazonmq.amazonaws.com' },
    { caller: role },
    { resources: [{ arn: keyArn, type: 'AWS::KMS::Key', accountId: '000000000000' }] },
  ]);
  const found = (key: Lookup['attributes'][number]['key'], value: string) =>
    ids(history, { attributes: [{ key, value }] });
  assert.deepEqual(await found('EventName', 'CreateGrant'), ['event-0']);
  assert.deepEqual(await found('ReadOnly', 'false'), ['event-0']);
  assert.deepEqual(await found('EventSource', 'amazonmq.amazonaws.com'), ['event-1']);
  assert.deepEqual(await found('Username', 'anna'), ['event-2']);
  assert.deepEqual(await found('Username', 'root'), ['event-3', 'event-1', 'event-0']);
  assert.deepEqual(await found('ResourceName', keyArn), ['event-3']);
  assert.deepEqual(await found('ResourceType', 'AWS::KMS::Key'), ['event-3']);
  assert.deepEqual(await found('EventId', 'event-1'), ['event-1']);
  assert.deepEqual(await found('AccessKeyId', 'AKIAEXAMPLE'), ['event-3', 'event-1', 'event-0']);
  assert.deepEqual(await found('EventName', 'creategrant'), []);
});

test('a time range includes both ends, and lookup covers 90 days', async () => {
  const day = 24 * 3600 * 1000;
  const history = await trailOf([
    { atMs: nowMs - 91 * day },
    { atMs: nowMs - 89 * day },
    { atMs: nowMs - 2 * day },
    { atMs: nowMs - day },
  ]);
  assert.deepEqual(await ids(history, {}), ['event-3', 'event-2', 'event-1']);
  assert.deepEqual(await ids(history, { fromMs: nowMs - 89 * day, toMs: nowMs - 2 * day }), [
    'event-2',
    'event-1',
  ]);
});

test('an invalid lookup is rejected with an error that names the problem', async () => {
  const history = await trailOf([{}, {}]);
  const refusal = async (lookup: Partial<Lookup>) => {
    const error = await lookUp(history, { ...anything, ...lookup }, nowMs, false).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof AuditError);
    return error.code;
  };
  const name = { key: 'EventName', value: 'ListKeys' } as const;
  assert.equal(await refusal({ attributes: [name, name] }), 'invalid-lookup-attributes');
  assert.equal(
    await refusal({ attributes: [{ key: 'ReadOnly', value: 'yes' }] }),
    'invalid-lookup-attributes',
  );
  assert.equal(await refusal({ fromMs: 2, toMs: 1 }), 'invalid-time-range');
  assert.equal(await refusal({ nextToken: 'garbage' }), 'invalid-next-token');
  const page = await lookUp(history, { ...anything, limit: 1 }, nowMs, false);
  assert.equal(
    await refusal({ nextToken: page.nextToken, attributes: [name] }),
    'invalid-next-token',
  );
});

test('data events are not found, except for those of the service if they are asked for', async () => {
  const history = await trailOf([{}, { isDataEvent: true }, {}]);
  assert.deepEqual(await ids(history, {}), ['event-2', 'event-0']);
  const own = await trailOf([{}, { isDataEvent: true, eventSource: 'waxwing.local' }]);
  const { events } = await lookUp(own, anything, nowMs, true);
  assert.deepEqual(
    events.map(({ event }) => event.eventID),
    ['event-1', 'event-0'],
  );
});

test('a lookup ends with a token before it has read many events, and the token continues it', async () => {
  const calls = Array.from({ length: 1000 }, (_, i) => ({
    eventName: i === 10 ? 'CreateKey' : 'ListKeys',
    isDataEvent: true,
  }));
  const history = await trailOf([{ eventName: 'CreateKey' }, ...calls]);
  const attributes = [{ key: 'EventName', value: 'CreateKey' }] as const;
  // Data events with the own source are read and left out one by one.
  const found: string[] = [];
  let pageCount = 0;
  let nextToken: string | undefined;
  do {
    const page = await lookUp(history, { ...anything, nextToken }, nowMs, true);
    found.push(...page.events.map(({ event }) => event.eventID));
    nextToken = page.nextToken;
    pageCount++;
  } while (nextToken !== undefined);
  assert.deepEqual(found, ['event-0']);
  // 1,001 reads and three times some of the newest events, with 150 reads or so many at a page.
  assert.equal(pageCount, 8);
  assert.deepEqual(await ids(history, { attributes }), ['event-0']);
});
