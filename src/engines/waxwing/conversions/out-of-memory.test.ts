import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenWireBroker, queue } from '../../../../tests/support/openwire-peer.ts';
import { until } from '../../../../tests/support/processes.ts';
import { StompPeer } from '../../../../tests/support/stomp-peer.ts';
import { ConversionThread } from './conversion-thread.ts';

/** The heap of the thread, MiB. Its program takes about 5. */
const heapMib = 12;

/**
 * A text that takes twice its size in the heap, in small parts: a byte that is not UTF-8 gives its part two
 * bytes for each character.
 */
function largeText(): Buffer {
  const text = Buffer.alloc(12 * 2 ** 20, 'x');
  for (let at = 0; at < text.length; at += 8192) text[at] = 0xff;
  return text;
}

/** The content of a text message. */
function contentOf(text: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(text.length);
  return Buffer.concat([size, text]);
}

test('if the thread runs out of memory, its client is disconnected, and the message stays', async () => {
  const logged: string[] = [];
  const thread = new ConversionThread(
    { isActiveMq: true },
    (_, text) => logged.push(text),
    heapMib,
  );
  const bugs: unknown[] = [];
  const broker = await OpenWireBroker.open({}, undefined, {
    convertsInThread: (request) => thread.convert(request),
    onInternalError: (error) => bugs.push(error),
  });
  const sender = await broker.client();
  sender.produce();
  const subscriber = async () => {
    const peer = new StompPeer(broker.broker);
    await peer.connect();
    peer.take();
    peer.send('SUBSCRIBE', { destination: '/queue/q', id: '1', ack: 'auto' });
    return peer;
  };
  const contents = [largeText(), Buffer.alloc(2 * 2 ** 20, 'y')].map(contentOf);
  for (const content of contents) sender.publish(queue('q'), '', { content });
  broker.sync();

  const first = await subscriber();
  let answer = '';
  await until('it is disconnected', () => {
    for (const { command, headers } of first.take()) answer += `${command}: ${headers['message']}`;
    return first.isClosed;
  });
  assert.match(answer, /^ERROR: /);
  await until('the message is back', () => broker.ready('q') === 2);
  assert.match(logged.join(), /has failed: .*memory limit/);
  assert.match(String(bugs), /has failed: .*memory limit/);

  // Whoever can read the message as it is gets it, and the next one is converted again.
  const reader = await broker.client({ connection: 'ID:r' });
  reader.consume(1, queue('q'), { prefetchSize: 1 });
  const dispatches = reader.dispatches();
  assert.equal(dispatches.length, 1);
  assert.deepEqual(dispatches[0]?.message?.content, contents[0]);
  reader.ack(dispatches);
  reader.connection.ended();
  const second = await subscriber();
  let bodies: string[] = [];
  await until('it has come', () => {
    bodies = [...bodies, ...second.bodies()];
    return bodies.length > 0;
  });
  assert.deepEqual(
    bodies.map((body) => contents[1]?.equals(contentOf(Buffer.from(body)))),
    [true],
  );
  assert.equal(logged.length, 1);
  await thread.close();
});
