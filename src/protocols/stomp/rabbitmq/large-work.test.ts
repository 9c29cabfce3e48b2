import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RabbitMqStomp } from '../../../../tests/support/stomp-rabbitmq.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets turns pass until the background work is done. Returns their number. */
async function idle({ broker }: RabbitMqStomp): Promise<number> {
  let turns = 0;
  for (; turns < 10_000 && !broker.background.isIdle; turns++) await turn();
  return turns;
}

const count = 12_000;

/** A broker with a queue of many messages, which a client has received. The clock stands still. */
async function filled() {
  const b = await RabbitMqStomp.open({}, { turnMs: () => 0 });
  const sender = await b.client();
  for (let left = count; left > 0; left--) {
    sender.send('SEND', { destination: '/queue/q' }, 'x');
    if (left % 100 === 0) await turn();
  }
  await idle(b);
  const peer = await b.client();
  peer.send('SUBSCRIBE', { destination: '/queue/q', id: '1', ack: 'client' });
  let last = '';
  for (let turns = 0; turns < 10_000 && b.unsettled('q') < count; turns++) {
    await turn();
    b.broker.pump();
    for (const { headers } of peer.take()) last = headers['ack'] ?? last;
  }
  assert.equal(b.unsettled('q'), count);
  return { b, peer, last };
}

test('one ACK settles many deliveries over several turns, and later frames wait', async () => {
  const { b, peer, last } = await filled();
  peer.send('ACK', { id: last });
  peer.send('SEND', { destination: '/queue/later' }, 'x');
  assert.ok(b.unsettled('q') > 0);
  assert.equal(b.queue('later'), undefined);
  assert.ok((await idle(b)) > 1);
  assert.equal(b.unsettled('q'), 0);
  assert.equal(b.queue('later')?.readyCount, 1);
});

test('a transaction takes many acknowledgements, and the end of its client requeues them, over several turns', async () => {
  const { b, peer, last } = await filled();
  peer.send('BEGIN', { transaction: 't' });
  peer.send('ACK', { id: last, transaction: 't' });
  assert.ok((await idle(b)) > 1);
  assert.equal(b.unsettled('q'), count);
  peer.connection.ended();
  assert.ok(b.unsettled('q') > 0);
  assert.ok((await idle(b)) > 1);
  assert.deepEqual([b.unsettled('q'), b.queue('q')?.readyCount], [0, count]);
});
