import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventRecord } from './record.ts';
import { type ChainHead, lineHash, parseLine, Trail } from './trail.ts';

function event(eventId: string) {
  return eventRecord({
    caller: {
      type: 'root',
      accountId: '000000000000',
      arn: 'arn:aws:iam::000000000000:root',
      principalId: '000000000000',
    },
    invokedBy: undefined,
    requestId: 'r',
    eventId,
    region: 'us-east-1',
    accountId: '000000000000',
    sourceIp: '127.0.0.1',
    userAgent: 'test',
    atMs: 1000,
    eventSource: 'kms.amazonaws.com',
    eventName: 'ListKeys',
    apiVersion: undefined,
    readOnly: true,
    requestParameters: null,
    responseElements: null,
    resources: [],
  });
}

/** Builds an event's entries and applies its journal change; returns the line's bytes. */
function append(trail: Trail, eventId: string): Buffer {
  const [line, head] = trail.chain(event(eventId), 1000);
  assert.ok(line && 'timeline' in line && head && 'journal' in head);
  trail.apply(head.change as ChainHead);
  return line.bytes;
}

test('each line carries the hash of the previous line', () => {
  const trail = new Trail();
  const first = append(trail, 'a');
  const second = append(trail, 'b');
  assert.equal(parseLine(first).previous, '0'.repeat(64));
  assert.equal(parseLine(second).previous, lineHash(first));
  assert.equal(parseLine(second).number, 2);
  assert.deepEqual(trail.head, { count: 2, hash: lineHash(second) });
});

test('an uncommitted event leaves no gap in the hash chain', () => {
  const trail = new Trail();
  const first = append(trail, 'a');
  trail.chain(event('lost'), 1000);
  const second = append(trail, 'b');
  assert.equal(parseLine(second).previous, lineHash(first));
});

test('the hash chain continues from a snapshot', () => {
  const trail = new Trail();
  append(trail, 'a');
  const second = append(trail, 'b');
  const restarted = new Trail();
  for (const change of trail.snapshot()) restarted.apply(change);
  assert.equal(parseLine(append(restarted, 'c')).previous, lineHash(second));
});
