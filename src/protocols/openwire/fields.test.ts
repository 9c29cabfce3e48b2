import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenWireBroker, queue, topic } from '../../../tests/support/openwire-peer.ts';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import type { Destination, Message } from './codec/commands.gen.ts';
import { keepAliveInfo } from './codec/commands.gen.ts';
import { encodeMap } from './codec/primitives.ts';

const texts = [undefined, '', 'a', 'ID:a-1:1', 'x'.repeat(64), 'x'.repeat(65), 'é', '\0x', '𝄞'];
const longs = [0, 1, 65_536, 2 ** 40, 2 ** 53 - 1, 2n ** 62n];
const messageTypes = [23, 24, 25, 26, 27, 28] as const;

/** Fields of a message that must arrive as they were sent. */
function randomFields(random: SeededRandom): Partial<Message> {
  const text = () => (random.oneIn(2) ? undefined : random.pick(texts));
  return {
    type: random.pick(messageTypes),
    groupId: random.oneIn(4) ? 'g' : undefined,
    groupSequence: random.below(9) - 2,
    correlationId: text(),
    persistent: random.oneIn(2),
    priority: random.below(10),
    replyTo: random.oneIn(3) ? topic(random.pick(['a', 'é'])) : undefined,
    timestamp: random.pick([1, 1_700_000_000_000]),
    jmsType: text(),
    content: random.oneIn(4) ? undefined : random.bytes(200),
    marshalledProperties: random.oneIn(2) ? undefined : encodeMap([['p', shortValue(random)]]),
    dataStructure: random.oneIn(8) ? keepAliveInfo() : undefined,
    compressed: random.oneIn(2),
    arrival: random.pick(longs),
    userId: text(),
    droppable: random.oneIn(2),
  } as Partial<Message>; // of any of the types
}

const shortValue = (random: SeededRandom) =>
  ({ type: 'string', value: random.pick(['', 'v', 'é']) }) as const;

/** The fields of a sent message, or of one that has arrived, which are the same for both. */
function sameFields(message: Message | undefined, version: number) {
  assert.ok(message !== undefined);
  const { commandId, responseRequired, transactionId, destination, ...all } = message;
  const { redeliveryCounter, brokerInTime, brokerOutTime, groupFirstForConsumer, ...rest } = all;
  const { brokerSequenceId, ...id } = message.messageId ?? { brokerSequenceId: 0 };
  const { droppable, ...others } = rest;
  return { ...others, droppable: version >= 2 && droppable, messageId: id };
}

async function requireFields(destination: Destination): Promise<void> {
  const b = await OpenWireBroker.open();
  let count = 0;
  for (const version of [1, 3, 9, 10, 12]) {
    for (const isTight of [true, false]) {
      for (const cacheSize of [0, 2, 1024]) {
        const random = new SeededRandom(++count);
        const format = { version, isTight, cacheSize };
        const sender = await b.client({ connection: `ID:s-${count}`, clientId: `s${count}` });
        const receiver = await b.client({ format, connection: `ID:r-${count}`, clientId: 'r' });
        for (const value of [1, 2, 3]) sender.session(value);
        receiver.consume(1, destination);
        for (let at = 0; at < 30; at++) {
          const sent = sender.message(destination, 'a text', randomFields(random));
          // Most messages are of the same producer, and have its id in theirs.
          if (random.oneIn(5)) sent.producerId = sender.producerId(1 + random.below(3));
          if (random.oneIn(5)) sent.producerId = undefined;
          sender.send(sent);
          const [dispatch] = receiver.dispatches();
          const found = dispatch?.message;
          const expected = { ...sent, producerId: sent.producerId ?? sent.messageId?.producerId };
          const where = `version ${version}, tight ${isTight}, cache ${cacheSize}, ${at}`;
          assert.deepEqual(
            sameFields(found, version),
            sameFields(expected as Message, version), // of the same type
            where,
          );
          assert.deepEqual(found?.destination, destination, where);
          assert.deepEqual([found?.messageId?.brokerSequenceId, found?.redeliveryCounter], [at + 1, 0]);
          if (dispatch !== undefined) receiver.ack([dispatch]);
        }
        sender.connection.ended();
        receiver.connection.ended();
      }
    }
  }
}

test('a message arrives with all fields of its sender, in every encoding', async () => {
  await requireFields(queue('q'));
  await requireFields(topic('t'));
});

test('a message with an unusual id is acknowledged, whatever was sent before it', async () => {
  const b = await OpenWireBroker.open();
  const sender = await b.client({ connection: 'ID:s' });
  const receiver = await b.client({ connection: 'ID:r' });
  sender.session();
  receiver.consume(1, queue('q'));
  const ids = ['usual', 'a text', undefined];
  for (const textView of [...ids, ...ids]) {
    const message = sender.message(queue('q'), 'x');
    const { messageId } = message;
    assert.ok(messageId !== undefined);
    if (textView === undefined) message.messageId = { ...messageId, producerId: undefined };
    else if (textView !== 'usual') message.messageId = { ...messageId, textView };
    sender.send(message);
  }
  const dispatches = receiver.dispatches();
  assert.equal(dispatches.length, 6);
  for (const dispatch of dispatches) receiver.ack([dispatch]);
  assert.deepEqual(receiver.take(), []);
  b.sync();
  assert.equal(b.broker.vhost('/').queues.get('q')?.index.count, 0);
});
