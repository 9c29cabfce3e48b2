import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStructure } from '../../../../tests/support/openwire-structures.ts';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import { Codec, type DirectSink } from './codec.ts';
import { type DataStructure, type Message, types } from './commands.gen.ts';
import { type DispatchFields, EncodedStructure } from './dispatch-writer.ts';
import { StoredFields } from './stored-fields.ts';
import { encodeNested, isMessage, writeHead } from './stored-message.ts';

const plain = {
  version: 12,
  isTight: false,
  cacheSize: 0,
  inactivityMs: 0,
  inactivityDelayMs: 0,
} as const;

/** Collects frames, and counts those that were written directly. */
class Collected implements DirectSink {
  bytes: Buffer = Buffer.alloc(128 * 1024);
  directCount = 0;
  #at = 0;

  claim(size: number): number {
    this.directCount++;
    const at = this.#at;
    this.#at += size;
    return at;
  }

  append(from: Buffer, start: number, end: number): void {
    from.copy(this.bytes, this.#at, start, end);
    this.#at += end - start;
  }

  get written(): Buffer {
    return this.bytes.subarray(0, this.#at);
  }
}

/** A message whose stored head is usual. */
function randomMessage(random: SeededRandom): Message {
  let found = randomStructure(random);
  while (!isMessage(found)) found = randomStructure(random);
  const producerId = {
    type: types.ProducerId,
    connectionId: 'ID:a',
    value: 1,
    sessionId: 2,
  } as const;
  const messageId = {
    type: types.MessageId,
    textView: undefined,
    producerId,
    producerSequenceId: random.below(2 ** 30),
    brokerSequenceId: 0,
  } as const;
  const nothing = { dataStructure: undefined, brokerPath: undefined, cluster: undefined };
  return { ...found, producerId, messageId, ...nothing } as Message; // the type is that of the found one
}

function encoded<S extends DataStructure>(structure: S): EncodedStructure<S> {
  return new EncodedStructure(structure, encodeNested(structure));
}

function randomFields(random: SeededRandom, message: Message): DispatchFields {
  const queue = { type: types.QueueDestination, physicalName: 'q' } as const;
  const topic = { type: types.TopicDestination, physicalName: 'VirtualTopic.a' } as const;
  const id = { type: types.ConsumerId, connectionId: 'ID:c', sessionId: 1, value: 2 } as const;
  return {
    consumer: encoded(id),
    destination: encoded(queue),
    original: random.oneIn(2) ? encoded(topic) : undefined,
    producer: encoded(message.producerId as DataStructure), // it has one
    number: random.below(2 ** 30),
    redeliveryCounter: random.below(9),
    isPersistent: random.oneIn(2),
    expiration: random.pick([0, 1_900_000_000_000]),
    priority: random.below(10),
    brokerInTime: 1_800_000_000_000,
    brokerOutTime: 1_800_000_000_001,
    isFirstOfGroup: random.oneIn(2),
  };
}

test('a dispatch is the same whether its fields are copied or written one by one', () => {
  let usualCount = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const random = new SeededRandom(seed);
    const message = randomMessage(random);
    const head = writeHead(message);
    const fields = new StoredFields();
    const body = random.bytes(300);
    const record = Buffer.concat([head, body]);
    if (!fields.find(record, 0, head.length)) continue;
    usualCount++;
    const dispatch = randomFields(random, message);
    const copied = new Collected();
    new Codec(plain).encodeDispatch(fields, dispatch, head.length, record.length, copied);
    // A sink whose frames are too large to be written directly.
    const written = new Collected();
    new Codec(plain).encodeDispatchByField(fields, dispatch, head.length, record.length, written);
    assert.deepEqual([copied.directCount, written.directCount], [1, 0]);
    assert.equal(copied.written.toString('hex'), written.written.toString('hex'), `seed ${seed}`);
  }
  assert.ok(usualCount > 100, `only ${usualCount} heads were usual`);
});

test('a dispatch that is larger than a claim may be is written in parts', () => {
  const message = randomMessage(new SeededRandom(1));
  const head = writeHead(message);
  const fields = new StoredFields();
  const record = Buffer.concat([head, Buffer.alloc(70_000, 1)]);
  assert.ok(fields.find(record, 0, head.length));
  const sink = new Collected();
  const dispatch = randomFields(new SeededRandom(1), message);
  new Codec(plain).encodeDispatch(fields, dispatch, head.length, record.length, sink);
  assert.equal(sink.directCount, 0);
  const found = new Codec(plain).decode(sink.written, 4, sink.written.length);
  assert.ok(found?.type === types.MessageDispatch);
  assert.equal(found.message?.content?.length, 70_000);
});
