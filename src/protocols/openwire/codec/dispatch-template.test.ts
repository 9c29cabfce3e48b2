import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStructure } from '../../../../tests/support/openwire-structures.ts';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import { type Message, types } from './commands.gen.ts';
import { copiedDispatchSize, copyDispatch } from './copied-dispatch.ts';
import { DispatchTemplate, type StoredHead } from './dispatch-template.ts';
import { type DispatchFields, EncodedStructure } from './dispatch-writer.ts';
import { StoredFields } from './stored-fields.ts';
import { isMessage, unset, writeHead } from './stored-message.ts';

const producer = new EncodedStructure({
  type: types.ProducerId,
  connectionId: 'ID:a',
  value: 1,
  sessionId: 2,
});
const consumer = new EncodedStructure({
  type: types.ConsumerId,
  connectionId: 'ID:c',
  sessionId: 1,
  value: 2,
});
const queues = ['q', 'r'].map(
  (physicalName) => new EncodedStructure({ type: types.QueueDestination, physicalName }),
);
const topic = new EncodedStructure({ type: types.TopicDestination, physicalName: 'Virtual.a' });

/** A message whose stored head is usual. */
function randomMessage(random: SeededRandom): Message {
  let found = randomStructure(random);
  while (!isMessage(found)) found = randomStructure(random);
  const messageId = {
    type: types.MessageId,
    textView: undefined,
    producerId: producer.structure,
    producerSequenceId: 1,
    brokerSequenceId: 0,
  } as const;
  const nothing = { dataStructure: undefined, brokerPath: undefined, cluster: undefined };
  return { ...found, producerId: producer.structure, messageId, ...nothing } as Message; // the type is that of the found one
}

/** A message that differs from another one as the next message of a producer does, or in any field. */
function nextMessage(random: SeededRandom, before: Message): Message {
  const { messageId } = before;
  const next = {
    ...before,
    messageId: messageId && { ...messageId, producerSequenceId: random.below(2 ** 30) },
    priority: random.pick([unset, 0, 4, 9]),
    timestamp: random.pick([unset, 1_700_000_000_000 + random.below(1000)]),
    correlationId: random.pick([before.correlationId, 'abc', 'def']),
    marshalledProperties: random.pick([before.marshalledProperties, random.bytes(9)]),
  };
  if (!random.oneIn(8)) return next;
  return random.pick([
    randomMessage(random),
    { ...next, groupId: 'g', groupSequence: random.below(5) },
    { ...next, jmsType: 'another' },
    { ...next, compressed: !next.compressed },
    { ...next, userId: 'u' },
  ]);
}

function randomFields(random: SeededRandom): DispatchFields {
  return {
    consumer,
    destination: random.oneIn(9) ? random.pick(queues) : (queues[0] ?? topic),
    original: random.oneIn(9) ? topic : undefined,
    producer,
    number: random.below(2 ** 30),
    redeliveryCounter: random.below(3),
    isPersistent: random.oneIn(2),
    expiration: random.pick([0, 1_900_000_000_000]),
    priority: random.below(10),
    brokerInTime: 1_800_000_000_000 + random.below(1000),
    brokerOutTime: 1_800_000_000_001,
    isFirstOfGroup: random.oneIn(5),
  };
}

/** A message in a buffer, between other bytes, as in a block of the log. */
function storedOf(random: SeededRandom, message: Message): StoredHead {
  const head = writeHead(message);
  const body = random.oneIn(4) ? Buffer.alloc(0) : random.bytes(random.below(200));
  const before = random.bytes(random.below(5));
  const headAt = before.length;
  return {
    buffer: Buffer.concat([before, head, body, random.bytes(3)]),
    headAt,
    headLength: head.length,
    bodyAt: headAt + head.length,
    bodyLength: body.length,
  };
}

/** The frame at an offset in a larger buffer, written without a template. */
function copied(f: StoredFields, d: DispatchFields, { bodyAt, bodyLength }: StoredHead): Buffer {
  const bodySize = f.hasContent || bodyLength > 0 ? bodyLength : -1;
  const size = copiedDispatchSize(f, d, bodySize);
  const out = Buffer.alloc(size + 4);
  copyDispatch(out, 2, size, f, d, bodyAt, bodySize);
  return out;
}

test('a dispatch is the same with and without a template', () => {
  let likeCount = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const random = new SeededRandom(seed);
    const template = new DispatchTemplate();
    const f = new StoredFields();
    let message = randomMessage(random);
    for (let left = 40; left > 0; left--) {
      message = nextMessage(random, message);
      const stored = storedOf(random, message);
      if (!f.find(stored.buffer, stored.headAt, stored.bodyAt)) continue;
      const d = randomFields(random);
      if (!template.fits(stored, d.destination, d.original)) {
        template.learn(stored, f, d);
        continue;
      }
      likeCount++;
      const expected = copied(f, d, stored);
      assert.equal(template.sizeOf(stored.bodyLength), expected.length - 4);
      const written = Buffer.alloc(expected.length);
      template.write(written, 2, stored, d);
      assert.equal(written.toString('hex'), expected.toString('hex'), `seed ${seed}, ${left} left`);
    }
  }
  assert.ok(likeCount > 500, `only ${likeCount} were written with a template`);
});
