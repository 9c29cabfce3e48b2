import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStructure } from '../../../../tests/support/openwire-structures.ts';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import { Codec } from './codec.ts';
import { type Message, plainMessage, types } from './commands.gen.ts';
import type { ReceivedMessage } from './received-message.ts';
import { StoredFields } from './stored-fields.ts';
import { isMessage } from './stored-message.ts';
import type { WireFormat } from './wire-format.ts';

function randomFormat(random: SeededRandom): WireFormat {
  return {
    version: 1 + random.below(12),
    isTight: random.oneIn(2),
    cacheSize: random.pick([0, 2, 1024]),
    inactivityMs: 0,
    inactivityDelayMs: 0,
  };
}

const producerIds = ['ID:a', 'ID:b', 'é'].map(
  (connectionId) => ({ type: types.ProducerId, connectionId, value: 1, sessionId: 2 }) as const,
);
const destination = { type: types.QueueDestination, physicalName: 'q' } as const;

/** A message with random fields, of which some are more usual. */
function randomMessage(random: SeededRandom): Message {
  let found = randomStructure(random);
  while (!isMessage(found)) found = randomStructure(random);
  const producerId = random.pick(producerIds);
  const producerSequenceId = random.below(1000);
  const ids = { textView: undefined, producerSequenceId, brokerSequenceId: 0 };
  const messageId = { type: types.MessageId, producerId, ...ids } as const;
  const usual = { producerId, destination, messageId, dataStructure: undefined };
  const lists = { brokerPath: undefined, cluster: undefined };
  if (random.oneIn(4)) return found;
  return { ...found, ...usual, ...lists } as Message; // the type is that of the found one
}

function encode(codec: Codec, message: Message): Buffer {
  const pieces: Buffer[] = [];
  codec.encode(message, {
    append: (from, start, end) => pieces.push(Buffer.from(from.subarray(start, end))),
  });
  return Buffer.concat(pieces);
}

/** Everything that a received message says, with its completed head. */
function contentOf(message: ReceivedMessage) {
  message.priority = Math.max(0, message.priority);
  message.finish(1000, 2000, undefined);
  const { commandId, responseRequired, producerId, destination: to, transactionId } = message;
  const { sequence, hasGroup, isPersistent, expiration, priority, timestamp } = message;
  const numbers = { commandId, responseRequired, sequence, expiration, priority, timestamp };
  return structuredClone({
    ...numbers,
    ids: [producerId, to, transactionId],
    flags: [hasGroup, isPersistent],
    content: message.content?.toString('hex'),
    properties: message.properties?.toString('hex'),
    head: message.head.toString('hex', 0, message.headEnd),
  });
}

test('a message is the same whether it is read from its frame or from its structure', () => {
  let usualCount = 0;
  for (let seed = 1; seed <= 800; seed++) {
    const random = new SeededRandom(seed);
    const format = randomFormat(random);
    const [sender, reader, decoder] = [new Codec(format), new Codec(format), new Codec(format)];
    for (let left = 3; left > 0; left--) {
      const bytes = encode(sender, randomMessage(random));
      const read = reader.receive(bytes, 4, bytes.length);
      const isUsual = read.structure === undefined;
      const found = contentOf(read);
      if (isUsual) {
        usualCount++;
        assert.ok(new StoredFields().find(read.head, 0, read.headEnd), `seed ${seed}: its head`);
      }
      const expected = contentOf(decoder.receiveStructure(bytes, 4, bytes.length));
      assert.deepEqual(found, expected, `seed ${seed}`);
    }
  }
  assert.ok(usualCount > 100, `only ${usualCount} messages were read from their frames`);
});

test('equal ids of a peer without a cache are the same object, and others are not', () => {
  const format = {
    version: 12,
    isTight: false,
    cacheSize: 0,
    inactivityMs: 0,
    inactivityDelayMs: 0,
  };
  const [sender, reader] = [new Codec(format), new Codec(format)];
  const ids = [0, 0, 1, 1, 0].map((at) => {
    const bytes = encode(sender, plainMessage({ producerId: producerIds[at], destination }));
    const message = reader.receive(bytes, 4, bytes.length);
    return [message.producerId, message.destination] as const;
  });
  assert.deepEqual(
    ids.map(([id]) => id?.connectionId),
    ['ID:a', 'ID:a', 'ID:b', 'ID:b', 'ID:a'],
  );
  assert.equal(ids[0]?.[0], ids[1]?.[0]);
  assert.equal(ids[2]?.[0], ids[3]?.[0]);
  assert.equal(new Set(ids.map(([, to]) => to)).size, 1);
});

const plain = {
  version: 12,
  isTight: false,
  cacheSize: 0,
  inactivityMs: 0,
  inactivityDelayMs: 0,
} as const;

/** A message that differs from another one as the next message of a producer does, or in any field. */
function nextMessage(random: SeededRandom, before: Message): Message {
  const { messageId } = before;
  const ids = { producerSequenceId: random.below(2 ** 20), brokerSequenceId: random.below(9) };
  const next = {
    ...before,
    commandId: random.below(1000),
    responseRequired: random.oneIn(2),
    messageId: messageId && { ...messageId, ...ids },
    persistent: random.oneIn(2),
    expiration: random.pick([0, 5, 1_900_000_000_000, 2n ** 61n]),
    priority: random.below(12),
    timestamp: random.below(2 ** 40),
    content: random.pick([undefined, random.bytes(random.below(40))]),
    marshalledProperties: random.pick([before.marshalledProperties, undefined, random.bytes(9)]),
  };
  if (!random.oneIn(6)) return next;
  const other = randomMessage(random);
  return random.pick([
    other,
    { ...next, correlationId: random.pick(['a', 'é', undefined]) },
    { ...next, groupSequence: 7, groupId: 'g' },
    { ...next, jmsType: 'another' },
    { ...next, destination: { ...destination, physicalName: 'r' } },
    { ...next, transactionId: undefined },
  ]);
}

test('the next messages of producers are the same as those of their structures', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const formats = [plain, plain, { ...plain, version: 9 }, { ...plain, cacheSize: 2 }];
    const peers = formats.map((format) => {
      const [sender, reader, decoder] = [new Codec(format), new Codec(format), new Codec(format)];
      return { sender, reader, decoder };
    });
    let message = randomMessage(random);
    for (let left = 60; left > 0; left--) {
      message = nextMessage(random, message);
      const { sender, reader, decoder } = random.oneIn(3)
        ? random.pick(peers)
        : (peers[0] ?? random.pick(peers));
      const bytes = encode(sender, message);
      const found = contentOf(reader.receive(bytes, 4, bytes.length));
      const expected = contentOf(decoder.receiveStructure(bytes, 4, bytes.length));
      assert.deepEqual(found, expected, `seed ${seed}, ${left} left`);
    }
  }
});

test('a frame that is cut off is refused, even after a whole one that begins in the same way', () => {
  const [sender, reader] = [new Codec(plain), new Codec(plain)];
  const random = new SeededRandom(3);
  const message = { ...randomMessage(random), producerId: producerIds[0] } as Message;
  const bytes = encode(sender, message);
  for (let end = bytes.length - 1; end > 5; end--) {
    reader.receive(bytes, 4, bytes.length);
    const cut = Buffer.from(bytes.subarray(0, end));
    assert.throws(() => reader.receive(cut, 4, end), `${end} bytes`);
  }
});
