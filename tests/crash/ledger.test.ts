import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { bodyOf, type Finding, Ledger, type Message } from './ledger.ts';

// The ledger of the kills must detect every broken guarantee, and no others.

const killedAtMs = 10_000;
let ledger: Ledger;
let one: Message;
let two: Message;
beforeEach(() => {
  ledger = new Ledger(new Map([['orders', 'dead']]));
  ledger.beginEra();
  [one, two] = [published(0), published(1)];
});

function published(seq: number): Message {
  const [message] = ledger.publish(['orders'], 1, seq, 50);
  assert.ok(message);
  ledger.confirmed([message]);
  return message;
}

/** What is found where the queues hold these messages after the kill. */
function kinds(orders: readonly Message[], dead: readonly Message[] = []): Finding['kind'][] {
  const found = (list: readonly Message[]) =>
    list.map((each) => ({ id: each.id, body: bodyOf(each) }));
  const queues = [
    ['orders', found(orders)],
    ['dead', found(dead)],
  ] as const;
  ledger.verify(new Map(queues), killedAtMs);
  return ledger.findings.map(({ kind }) => kind);
}

test('a confirmed message must be present once and in order', () => {
  assert.deepEqual(kinds([one, two]), []);
  assert.deepEqual(kinds([two, one]), ['out of order']);
  assert.deepEqual(kinds([one, two, one]), ['out of order', 'came back', 'out of order']);
});

test('only a missing message that was confirmed counts as lost', () => {
  const [unsure] = ledger.publish(['orders'], 1, 2, 50);
  assert.ok(unsure);
  assert.deepEqual(kinds([one]), ['lost']);
});

test('an unknown or altered message is detected', () => {
  const unknown = { ...one, id: '9.9.9' };
  assert.deepEqual(kinds([one, two, unknown]), ['unknown']);
  assert.deepEqual(kinds([one, { ...two, sizeBytes: 51 }]), ['unknown', 'altered']);
});

test('an acknowledged message may return only if the broker may have missed the acknowledgement', () => {
  ledger.settle(one, 'ack', 2, 0);
  assert.deepEqual(kinds([one, two]), []);
  ledger.settle(one, 'ack', 2, 1).heardAtMs = killedAtMs - 999;
  assert.deepEqual(kinds([one, two]), []);
  ledger.settle(one, 'ack', 2, 2).heardAtMs = killedAtMs - 1001;
  assert.deepEqual(kinds([one, two]), ['came back']);
  ledger.settle(two, 'ack', 2, 3).isBeforeConfirm = true;
  assert.deepEqual(kinds([one, two]), ['came back', 'came back']);
});

test('a rejected message must be in exactly one of the two queues', () => {
  ledger.settle(one, 'reject', 2, 0);
  assert.deepEqual(kinds([two], [one]), []);
  ledger.settle(two, 'reject', 2, 1);
  assert.deepEqual(kinds([two], [one, two]), ['half dead lettered']);
});

test('a rejected message that is in neither queue or still in its queue is detected', () => {
  ledger.settle(one, 'reject', 2, 0);
  ledger.settle(two, 'reject', 2, 1).isBeforeConfirm = true;
  assert.deepEqual(kinds([two]), ['half dead lettered', 'half dead lettered']);
});

test('a transaction must take effect completely or not at all', () => {
  const halves = (isPublished: boolean, isTaken: boolean, state: 'asked' | 'committed') => {
    beforeEachTransaction();
    const transaction = { state, published: [] };
    const [sent] = ledger.publish(['orders'], 3, 0, 50, transaction);
    assert.ok(sent);
    one.takenIn = transaction;
    return kinds([...(isTaken ? [] : [one]), two, ...(isPublished ? [sent] : [])]);
  };
  const beforeEachTransaction = () => {
    ledger = new Ledger(new Map());
    ledger.beginEra();
    [one, two] = [published(0), published(1)];
  };
  assert.deepEqual(halves(true, true, 'asked'), []);
  assert.deepEqual(halves(false, false, 'asked'), []);
  assert.deepEqual(halves(true, false, 'asked'), ['half a transaction']);
  assert.deepEqual(halves(false, true, 'asked'), ['half a transaction']);
  assert.deepEqual(halves(false, true, 'committed'), ['lost']);
  assert.deepEqual(halves(true, false, 'committed'), ['came back']);
});
