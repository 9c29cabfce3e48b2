import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Publication } from '../../publication.ts';
import { MessageTerms, type Terms } from './message-terms.ts';

const queue = { kind: 'queue', name: 'Q' } as const;
const nowMs = 1_000_000;

test('broker timestamps replace sender timestamps and limit the time to live', () => {
  type Row = [options: [number, number, boolean], sent: [number, number], found: [number, number]];
  // Time to live and timestamp; the options are default, limit and futureOnly.
  const rows: Row[] = [
    [
      [0, 0, false],
      [-1, nowMs - 5],
      [-1, nowMs],
    ],
    [
      [0, 0, false],
      [100, nowMs],
      [100, nowMs],
    ],
    [
      [0, 0, false],
      [100, nowMs - 50],
      [150, nowMs],
    ],
    [
      [0, 0, false],
      [100, nowMs + 50],
      [50, nowMs],
    ],
    [
      [700, 0, false],
      [100, nowMs + 500],
      [0, nowMs],
    ],
    [
      [700, 0, false],
      [-1, nowMs],
      [700, nowMs],
    ],
    [
      [700, 0, false],
      [100, nowMs],
      [100, nowMs],
    ],
    [
      [700, 300, false],
      [-1, nowMs],
      [300, nowMs],
    ],
    [
      [0, 300, false],
      [900, nowMs],
      [300, nowMs],
    ],
    [
      [0, 300, false],
      [-1, nowMs],
      [-1, nowMs],
    ],
    [
      [700, 0, false],
      [-1, 0],
      [-1, 0],
    ],
    [
      [700, 0, true],
      [-1, nowMs + 5],
      [-1, nowMs + 5],
    ],
    [
      [700, 0, true],
      [-1, nowMs - 5],
      [700, nowMs],
    ],
  ];
  for (const [[ttlMsDefault, ttlMsMax, isFutureOnly], [ttlMs, createdAtMs], found] of rows) {
    const timeStamping = { ttlMsDefault, ttlMsMax, isFutureOnly };
    const terms = new MessageTerms({ timeStamping, forcedPersistence: undefined });
    const sent: Terms = { isPersistent: true, ttlMs, createdAtMs };
    const changed = terms.adjusted(sent, queue, nowMs);
    assert.deepEqual([changed.ttlMs, changed.createdAtMs], found);
    assert.equal(changed.isPersistent, true);
    const letters = { kind: 'queue', name: 'ActiveMQ.DLQ' } as const;
    assert.deepEqual(terms.adjusted(sent, letters, nowMs), sent, 'dead letters keep their times');
  }
});

test('time-to-live limits also apply to a protocol that does not encode expiration', () => {
  const timeStamping = { ttlMsDefault: 700, ttlMsMax: 900, isFutureOnly: false };
  const terms = new MessageTerms({ timeStamping, forcedPersistence: undefined });
  const applied = (ttlMs: number, address: typeof queue | typeof letters) => {
    const publication = new Publication();
    publication.expirationMs = ttlMs;
    terms.apply(publication, address);
    terms.apply(publication, address);
    return publication.expirationMs;
  };
  const letters = { kind: 'queue', name: 'ActiveMQ.DLQ' } as const;
  const sent = [-1, 0, 5, 1000];
  assert.deepEqual(
    sent.map((ttlMs) => applied(ttlMs, queue)),
    [700, 0, 5, 900],
  );
  assert.deepEqual(
    sent.map((ttlMs) => applied(ttlMs, letters)),
    sent,
  );
});

test('persistence is forced on or off, and unset options change nothing', () => {
  const sent: Terms = { isPersistent: true, ttlMs: 5, createdAtMs: 7 };
  for (const forcedPersistence of [true, false]) {
    const terms = new MessageTerms({ timeStamping: undefined, forcedPersistence });
    assert.deepEqual(terms.adjusted(sent, queue, nowMs), {
      ...sent,
      isPersistent: forcedPersistence,
    });
    const publication = new Publication();
    publication.isPersistent = !forcedPersistence;
    terms.apply(publication, queue);
    assert.equal(publication.isPersistent, forcedPersistence);
  }
  const none = new MessageTerms({ timeStamping: undefined, forcedPersistence: undefined });
  assert.equal(none.areUnchanged, true);
  assert.equal(none.adjusted(sent, queue, nowMs), sent);
});
