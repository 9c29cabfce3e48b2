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
