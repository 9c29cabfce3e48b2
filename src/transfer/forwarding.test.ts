import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelEvents, ClientChannel, Delivered } from './amqp/channel.ts';
import { Forwarding } from './forwarding.ts';

/** A channel whose server does nothing: published messages are never confirmed. */
class SilentChannel {
  events: ChannelEvents | undefined = undefined;
  isPaused = false;
  publishedCount = 0;
  readonly client = {
    isWritable: true,
    pause: () => {
      this.isPaused = true;
    },
    resume: () => {
      this.isPaused = false;
    },
  };

  publish(): number {
    return ++this.publishedCount;
  }
}

test('messages without a body that wait for confirms stop the source too', () => {
  const [source, destination] = [new SilentChannel(), new SilentChannel()];
  const waiting = { bytes: 0, bytesMax: 64 * 1024 * 1024 };
  const forwarding = new Forwarding({
    source: source as unknown as ClientChannel,
    destination: destination as unknown as ClientChannel,
    ackMode: 'on-confirm',
    countMax: Infinity,
    waiting,
    outgoing: (message) => ({ ...message, isMandatory: false }),
    events: { moved() {}, refused() {}, completed() {}, ended() {} },
  });
  const empty: Omit<Delivered, 'deliveryTag'> = {
    isRedelivered: false,
    exchange: '',
    routingKey: 'q',
    head: Buffer.alloc(2),
    parts: [],
    bodyBytes: 0,
  };
  for (let deliveryTag = 1; !source.isPaused; deliveryTag++) {
    assert.ok(deliveryTag < 100_000, 'the source is not paused');
    source.events?.delivered({ ...empty, deliveryTag });
  }
  assert.ok(waiting.bytes > 0);
  forwarding.stop();
  assert.equal(waiting.bytes, 0);
});
