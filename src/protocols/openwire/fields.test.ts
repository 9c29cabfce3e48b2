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

const formats = [2, 9, 10, 12].flatMap((version) =>
  [true, false].flatMap((isTight) =>
    [0, 2, 1024].map((cacheSize) => ({ version, isTight, cacheSize })),
  ),
);

/** Sends messages to a consumer with an encoding, and requires their fields to arrive. */
async function requireFields(
  b: OpenWireBroker,
  destination: Destination,
  format: (typeof formats)[number],
  random: SeededRandom,
): Promise<void> {
  const sender = await b.client({ connection: 'ID:s', clientId: 's' });
  const receiver = await b.client({ format, connection: 'ID:r', clientId: 'r' });
  for (const value of [1, 2, 3]) sender.session(value);
  receiver.consume(1, destination);
  for (let at = 1; at <= 12; at++) {
    const sent = sender.message(destination, 'a text', randomFields(random));
    // Most messages are of the same producer, and have its id in theirs.
    if (random.oneIn(5)) sent.producerId = sender.producerId(1 + random.below(3));
    if (random.oneIn(5)) sent.producerId = undefined;
    sender.send(sent);
    const dispatches = receiver.dispatches();
    const found = dispatches[0]?.message;
    sent.producerId ??= sent.messageId?.producerId;
    const where = `${JSON.stringify(format)}, ${at}`;
    const { version } = format;
    assert.deepEqual(sameFields(found, version), sameFields(sent, version), where);
    assert.deepEqual(found?.destination, destination, where);
    assert.equal(found?.messageId?.brokerSequenceId, at);
    assert.equal(found?.redeliveryCounter, 0);
    receiver.ack(dispatches);
  }
  sender.connection.ended();
  receiver.connection.ended();
}

test('a message arrives with all fields of its sender, in every encoding', async () => {
  const b = await OpenWireBroker.open();
  for (const destination of [queue('q'), topic('t')]) {
    for (const [seed, format] of formats.entries()) {
      await requireFields(b, destination, format, new SeededRandom(seed));
    }
  }
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
