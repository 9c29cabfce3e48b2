import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemoryLog } from '../../tests/support/memory-log.ts';
import {
  type IncomingMessage,
  MessageView,
  queueBytes,
  queueCountOf,
  queuesAt,
} from './message-record.ts';
import { MessageStore } from './message-store.ts';
import { QueueIndex } from './queue-index.ts';
import { proveRecord, recordTypes } from './record-shapes.ts';

const short = (content: Buffer) => Buffer.concat([Buffer.of(content.length), content]);

function messageOf(exchange: Buffer, key: Buffer, head: Buffer, body: Buffer): IncomingMessage {
  const address = Buffer.concat([short(exchange), short(key)]);
  return {
    format: 1,
    priority: 3,
    address,
    addressStart: 0,
    addressEnd: address.length,
    head,
    headStart: 0,
    headEnd: head.length,
    bodyLength: body.length,
    partCount: 1,
    parts: [body],
    partStarts: [0],
    partEnds: [body.length],
  };
}

/** A store over a log in memory, with this many durable queues. */
function storeWith(queueCount: number) {
  const store = new MessageStore({ name: 'none', apply: () => {}, snapshot: () => [] });
  const log = new MemoryLog();
  store.attach(log);
  const indexes = Array.from({ length: queueCount }, (_, i) => new QueueIndex(i + 1, true));
  for (const queueIndex of indexes) store.indexes.set(queueIndex.number, queueIndex);
  return { store, log, indexes };
}

const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));

/** A message's record as it was written. */
function recordOf(message: IncomingMessage, queueCount = 2, expiresAtMs = Infinity): Buffer {
  const { store, log, indexes } = storeWith(queueCount);
  const { buffer } = store.append(message, indexes, true, 1000, expiresAtMs);
  const { start, end } = log.rows.at(-1) ?? { start: 0, end: 0 };
  return Buffer.from(buffer.subarray(start, end));
}

test('a record with any bytes decodes to what was written', () => {
  const view = new MessageView();
  const parts = [bytes(255), bytes(255), bytes(60), bytes(60), fc.boolean()] as const;
  fc.assert(
    fc.property(...parts, (exchange, key, head, body, expires) => {
      const record = recordOf(messageOf(exchange, key, head, body), 2, expires ? 5000 : Infinity);
      assert.ok(view.open(record, 0, record.length));
      assert.deepEqual(
        record.subarray(view.addressAt, view.addressEnd),
        Buffer.concat([short(exchange), short(key)]),
      );
      assert.deepEqual(record.subarray(view.headAt, view.headAt + view.headLength), head);
      assert.deepEqual(record.subarray(view.bodyAt, view.bodyAt + view.bodyLength), body);
      assert.deepEqual([view.expiresAtMs, view.receivedAtMs], [expires ? 5000 : Infinity, 1000]);
    }),
  );
});

test('a record with a wrong total or inner length is rejected', () => {
  const view = new MessageView();
  const message = messageOf(
    Buffer.from('x'),
    Buffer.from('key'),
    Buffer.of(0, 0),
    Buffer.from('body'),
  );
  const record = recordOf(message);
  const longer = Buffer.concat([record, Buffer.alloc(400, 1)]);
  for (let end = 0; end < record.length; end++) assert.ok(!view.open(record, 0, end), `${end}`);
  for (let end = record.length + 1; end <= longer.length; end++) {
    assert.ok(!view.open(longer, 0, end), `${end}`);
  }
  assert.ok(!view.open(record, 0, record.length + 1), 'a record longer than its buffer');
  const addressAt = queuesAt(record, 0) + 2 * queueBytes + 6 + 1;
  // Queue count, lengths of both keys, length of the head, length of the body.
  for (const at of [
    2,
    3,
    addressAt,
    addressAt + 2,
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => addressAt + 6 + i),
  ]) {
    for (let change = 1; change < 256; change++) {
      const lying = Buffer.concat([record, Buffer.alloc(400, 1)]);
      lying[at] = (lying[at] ?? 0) ^ change;
      assert.ok(!view.open(lying, 0, record.length), `byte ${at} changed by ${change}`);
      assert.throws(() => proveRecord(recordTypes.message, lying, 0, record.length), {
        code: 'record-invalid',
      });
    }
  }
});

test('keys of up to 65,535 bytes can be read back, and wrong key lengths are rejected', () => {
  const long = (content: Buffer) =>
    Buffer.concat([Buffer.of(content.length >>> 8, content.length), content]);
  const [exchange, key] = [Buffer.alloc(300, 0x78), Buffer.alloc(65_535, 0x6b)];
  const short = messageOf(Buffer.of(), Buffer.of(), Buffer.of(0, 0), Buffer.from('body'));
  const address = Buffer.concat([long(exchange), long(key)]);
  const record = recordOf({ ...short, address, addressEnd: address.length, isAddressLong: true });
  const view = new MessageView();
  assert.ok(view.open(record, 0, record.length));
  assert.deepEqual([view.exchangeName(), view.routingKey()], [String(exchange), String(key)]);
  assert.equal(record.toString('utf8', view.bodyAt), 'body');
  const addressAt = view.addressAt;
  for (const at of [0, addressAt, addressAt + 1, addressAt + 302, addressAt + 303]) {
    const lying = Buffer.concat([record, Buffer.alloc(70_000, 1)]);
    lying[at] = (lying[at] ?? 0) ^ 8;
    assert.ok(!view.open(lying, 0, record.length), `byte ${at}`);
  }
  for (const wrong of [{ isAddressLong: false }, { addressEnd: address.length - 1 }]) {
    const message = {
      ...short,
      address,
      addressEnd: address.length,
      isAddressLong: true,
      ...wrong,
    };
    assert.throws(() => recordOf(message), { code: 'record-invalid' });
  }
});

test('a message with inconsistent lengths is not written, not even in part', () => {
  const { store, log, indexes } = storeWith(1);
  const good = messageOf(
    Buffer.from('x'),
    Buffer.from('key'),
    Buffer.of(0, 0),
    Buffer.from('body'),
  );
  // A length byte of 1 before 257 bytes, as a key would have that is cut to a byte.
  const wrapped = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(257, 0x6b)]);
  const bad: Partial<IncomingMessage>[] = [
    { address: wrapped, addressEnd: wrapped.length },
    { addressEnd: good.addressEnd - 1 },
    { addressEnd: good.addressEnd + 1 },
    { headEnd: 3 },
    { headStart: 2, headEnd: 1 },
    { bodyLength: 5 },
    { bodyLength: 3 },
    { partEnds: [5], bodyLength: 5 },
    { partCount: 2, bodyLength: 5 },
    { priority: 256 },
    { format: -1 },
  ];
  for (const change of bad) {
    const attempt = () => store.append({ ...good, ...change }, indexes, true, 0, Infinity);
    assert.throws(attempt, { code: 'record-invalid' }, JSON.stringify(change));
  }
  assert.equal(log.rows.length, 0);
  assert.equal(indexes[0]?.count, 0);
});

test('a record of random bytes is rejected or stays within its bounds', () => {
  const view = new MessageView();
  fc.assert(
    fc.property(bytes(120), (record) => {
      if (!view.open(record, 0, record.length)) return;
      assert.equal(view.bodyAt + view.bodyLength, record.length);
      assert.ok(view.addressAt < view.addressEnd && view.addressEnd < view.headAt);
    }),
    { numRuns: 20_000 },
  );
});

for (const queueCount of [65_535, 65_536, 65_600]) {
  test(`a message in ${queueCount} queues is in each of them after a restart`, () => {
    const body = Buffer.from('hello, all of you');
    const message = messageOf(Buffer.from('x'), Buffer.from('key'), Buffer.of(0, 0), body);
    const { store, log, indexes } = storeWith(queueCount);
    store.append(message, indexes, true, 1000, Infinity);
    log.syncNow();
    const row = log.rows.at(-1);
    assert.equal(queueCountOf(row?.block.stored as Buffer, row?.start as number), queueCount);
    const next = storeWith(queueCount);
    const view = new MessageView();
    log.reopen(next.store);
    for (const queueIndex of next.indexes) {
      assert.equal(queueIndex.count, 1);
      assert.ok(next.store.view(queueIndex, 0, view));
      assert.equal(
        view.buffer.toString('utf8', view.bodyAt, view.bodyAt + view.bodyLength),
        `${body}`,
      );
    }
  });
}
