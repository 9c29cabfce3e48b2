import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker } from '../../../tests/support/stomp-peer.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('one ACK adds many deliveries to a transaction, whose end requeues them over several turns', async () => {
  // The clock stands still, so that only the units limit a turn.
  const b = await StompBroker.open({}, undefined, { turnMs: () => 0 });
  const idle = async () => {
    for (let turns = 0; turns < 10_000 && !b.broker.background.isIdle; turns++) await turn();
  };
  const count = 12_000;
  const sender = await b.client();
  for (let left = count; left > 0; left--) {
    sender.send('SEND', { destination: '/queue/q' }, 'x');
    if (left % 100 === 0) await turn();
  }
  const peer = await b.client();
  const more = { id: '1', 'activemq.prefetchSize': '20000' };
  peer.send('SUBSCRIBE', { destination: '/queue/q', ack: 'client', ...more });
  const acks: string[] = [];
  for (let turns = 0; turns < 1000 && acks.length < count; turns++) {
    await turn();
    acks.push(...peer.take().map(({ headers }) => headers['ack'] ?? ''));
  }
  const last = acks.at(-1) ?? '';
  for (const end of ['ABORT', 'lost'] as const) {
    peer.call('BEGIN', { transaction: 't' });
    const atOnce = peer.call('ACK', { id: last, transaction: 't', receipt: 'a' });
    assert.deepEqual(atOnce, [], 'one turn is not enough');
    await idle();
    assert.deepEqual(
      peer.take().map(({ headers }) => headers['receipt-id']),
      ['a'],
    );
    if (end === 'lost') break;
    assert.deepEqual(peer.call('ABORT', { transaction: 't', receipt: 'b' }), []);
    await idle();
    assert.deepEqual(
      peer.take().map(({ headers }) => headers['receipt-id']),
      ['b'],
    );
  }
  // The transaction is rolled back when its connection is lost.
  peer.connection.ended();
  await idle();
  assert.equal(b.ready('q'), count);
});
