import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RabbitMqStomp, shown } from '../../../../tests/support/stomp-rabbitmq.ts';
import { subscriptionCountMax, unsettledCountMax } from '../limits.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('ids, transactions and subscriptions are limited', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  const long = 'x'.repeat(2000);
  const tooLong = (command: string, headers: Record<string, string>) => {
    const [error] = peer.call(command, headers);
    assert.match(error?.body ?? '', /2\d\d\d characters|1024/);
  };
  tooLong('SUBSCRIBE', { destination: '/queue/q', id: long });
  tooLong('BEGIN', { transaction: long });
  tooLong('SEND', { destination: '/queue/q', 'reply-to': `/temp-queue/${long}` });
  for (let n = 0; n < 1000; n++) {
    peer.send('BEGIN', { transaction: `t${n}` });
    if (n % 50 === 0) await turn();
  }
  assert.match(peer.call('BEGIN', { transaction: 'last' })[0]?.body ?? '', /more than 1000/);
  assert.ok(!peer.isClosed);
  assert.ok(b.queue('q'));
});

test('a connection has a limited number of subscriptions', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  b.declare('q');
  for (let n = 0; n < subscriptionCountMax; n++) {
    peer.send('SUBSCRIBE', { destination: '/amq/queue/q', id: String(n) });
    if (n % 100 === 0) await turn();
  }
  for (let turns = 0; turns < 1000 && !b.broker.background.isIdle; turns++) await turn();
  const [error] = peer.call('SUBSCRIBE', { destination: '/amq/queue/q', id: 'last' });
  assert.equal(
    error && shown(error),
    `ERROR Too many subscriptions: more than ${subscriptionCountMax} subscriptions of one connection\n`,
  );
  peer.connection.ended();
  for (let turns = 0; turns < 1000 && (b.queue('q')?.consumerCount ?? 0) > 0; turns++) await turn();
  assert.equal(b.queue('q')?.consumerCount, 0);
});

test('a peer without a prefetch has a limited number of unsettled deliveries', async () => {
  const b = await RabbitMqStomp.open();
  const sender = await b.client();
  const allowed = Math.min(unsettledCountMax, b.broker.unsettledCountMax);
  for (let n = 0; n < allowed + 10; n++) {
    sender.send('SEND', { destination: '/queue/q' }, 'x');
    if (n % 100 === 0) await turn();
  }
  for (let turns = 0; turns < 10_000 && !b.broker.background.isIdle; turns++) await turn();
  const peer = await b.client();
  peer.send('SUBSCRIBE', { destination: '/queue/q', id: '1', ack: 'client' });
  for (let turns = 0; turns < 5000 && b.unsettled('q') !== allowed; turns++) {
    peer.received = peer.received.slice(-1);
    await turn();
    peer.connection.flush();
  }
  assert.equal(b.unsettled('q'), allowed);
});

test('nothing is delivered to a peer that does not read', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { destination: '/queue/q', id: '1' });
  peer.takesMore = false;
  const sender = await b.client();
  const body = 'x'.repeat(10_000);
  for (let n = 0; n < 200; n++) sender.send('SEND', { destination: '/queue/q' }, body);
  peer.connection.flush();
  await turn();
  const ready = b.queue('q')?.readyCount ?? 0;
  assert.ok(ready > 100, `${ready} of 200 messages wait`);
  peer.drain();
  for (let turns = 0; turns < 100 && (b.queue('q')?.readyCount ?? 0) > 0; turns++) {
    await turn();
    peer.drain();
    peer.connection.flush();
  }
  assert.equal(b.queue('q')?.readyCount, 0);
});

test('frames that exceed a limit end the connection with what was found', async () => {
  const b = await RabbitMqStomp.open({ frameBytesMax: 2000 });
  const refused = async (frame: string) => {
    const peer = await b.client();
    peer.receive(frame);
    assert.ok(peer.isClosed);
    return peer.take().map(shown);
  };
  assert.deepEqual(await refused('SEND\ndestination:/queue/q\ncontent-length:2001\n\n'), [
    'ERROR Malformed frame: The body of 2001 bytes or more is larger than the maximum of 2000',
  ]);
  assert.deepEqual(await refused(`SEND\n${'a:b\n'.repeat(1001)}\n\0`), [
    'ERROR Malformed frame: A frame has more than 1000 headers',
  ]);
  assert.deepEqual(await refused(`SEND\nname\n\n\0`), [
    'ERROR Malformed frame: A header line of a frame has no colon',
  ]);
});

test('a delivery that stays unsettled for too long ends the connection', async () => {
  const b = await RabbitMqStomp.open({}, { limits: { consumerTimeoutMs: 60_000 } });
  const peer = await b.client();
  peer.connection.tick(1000);
  peer.call('SUBSCRIBE', { destination: '/queue/q', id: '1', ack: 'client' });
  peer.send('SEND', { destination: '/queue/q' }, 'x');
  peer.connection.tick(60_000);
  assert.ok(!peer.isClosed);
  peer.take();
  peer.connection.tick(62_000);
  assert.deepEqual(peer.take().map(shown), [
    'ERROR precondition_failed: PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. ' +
      'Timeout value used: 60000 ms. This timeout value can be configured, see consumers doc guide to learn more',
  ]);
  assert.equal(b.queue('q')?.readyCount, 1);
});

test('a commit lets deliveries continue that the limit of unsettled ones has held up', async () => {
  const b = await RabbitMqStomp.open({}, { limits: { unsettledCountMax: 10 } });
  const peer = await b.client();
  for (let n = 0; n < 15; n++) peer.send('SEND', { destination: '/queue/q' }, String(n));
  const first = peer.call('SUBSCRIBE', { destination: '/queue/q', id: '1', ack: 'client' });
  assert.equal(first.length, 10);
  const id = first.at(-1)?.headers['ack'] ?? '';
  peer.call('BEGIN', { transaction: 't' });
  peer.call('ACK', { id, transaction: 't' });
  peer.send('COMMIT', { transaction: 't' });
  const later: string[] = [];
  for (let turns = 0; turns < 100 && later.length < 5; turns++) {
    await turn();
    later.push(...peer.bodies());
  }
  assert.deepEqual(later, ['10', '11', '12', '13', '14']);
});
