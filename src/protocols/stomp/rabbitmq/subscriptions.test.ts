import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceivedFrame, StompPeer } from '../../../../tests/support/stomp-peer.ts';
import { RabbitMqStomp, shown } from '../../../../tests/support/stomp-rabbitmq.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

const bodies = (frames: readonly ReceivedFrame[]) => frames.map(({ body }) => body);

function send(peer: StompPeer, destination: string, ...texts: string[]): void {
  for (const text of texts) peer.send('SEND', { destination }, text);
}

async function opened(): Promise<[RabbitMqStomp, StompPeer]> {
  const b = await RabbitMqStomp.open();
  return [b, await b.client()];
}

test('a subscription to a topic has a queue of its own, which ends with it', async () => {
  const [b, peer] = await opened();
  const other = await b.client();
  peer.call('SUBSCRIBE', { destination: '/topic/a.*', id: '1' });
  const [name = ''] = b.names('stomp-subscription-');
  const options = b.queue(name)?.options;
  assert.deepEqual(
    [options?.durable, options?.exclusive, options?.autoDelete],
    [false, false, true],
  );
  send(other, '/topic/a.b', 'x');
  send(other, '/topic/b', 'y');
  const [message] = peer.take();
  assert.deepEqual(
    [message?.body, message?.headers['destination'], message?.headers['subscription']],
    ['x', '/topic/a.b', '1'],
  );
  assert.equal(message?.headers['ack'], undefined);
  assert.deepEqual(peer.call('UNSUBSCRIBE', { id: '1', receipt: 'u' }), []);
  assert.equal(b.queue(name), undefined);
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT u']);
});

test('a durable subscription keeps its queue until it is deleted with the same header', async () => {
  const [b, peer] = await opened();
  const durable = { destination: '/topic/news', id: 'd', durable: 'true', 'auto-delete': 'false' };
  assert.deepEqual(peer.call('SUBSCRIBE', { ...durable, id: 'x', receipt: 'r' }).map(shown), []);
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT r']);
  const [name = ''] = b.names('stomp-subscription-');
  peer.call('UNSUBSCRIBE', { id: 'x' });
  send(peer, '/topic/news', 'kept');
  const again = await b.client();
  const message = again.call('SUBSCRIBE', { ...durable, id: 'x', ack: 'client' });
  assert.deepEqual(bodies(message), ['kept']);
  assert.deepEqual(b.names('stomp-subscription-'), [name]);
  again.call('UNSUBSCRIBE', { id: 'x', durable: 'true' });
  assert.deepEqual(b.names('stomp-subscription-'), []);
  again.call('SUBSCRIBE', { ...durable, 'x-queue-name': 'mine' });
  assert.ok(b.queue('mine')?.options.durable);
  // As in AMQP 0-9-1, the server gives a name then.
  again.call('SUBSCRIBE', { ...durable, id: 'y', 'x-queue-name': '' });
  assert.equal(b.queue(''), undefined);
  assert.equal(b.names('stomp-subscription-').length, 1);
  const without = { destination: '/topic/news', durable: 'true' };
  assert.deepEqual(again.call('SUBSCRIBE', without).map(shown), [
    "ERROR Missing Header: Header 'id' is required for durable subscriptions",
  ]);
});

test('a subscription to an exchange binds a queue, and leaves nothing behind if it fails', async () => {
  const [b, peer] = await opened();
  peer.call('SUBSCRIBE', { destination: '/exchange/amq.direct/k', id: '1' });
  send(peer, '/exchange/amq.direct/k', 'x');
  const [message] = peer.take();
  assert.equal(message?.headers['destination'], '/exchange/amq.direct/k');
  const [name = ''] = b.names('stomp-subscription-');
  assert.equal(b.queue(name)?.options.exclusive, true);
  const other = await b.client();
  const missing = { destination: '/exchange/nope', id: '1' };
  assert.deepEqual(other.call('SUBSCRIBE', missing).map(shown), [
    "ERROR not_found: NOT_FOUND - no exchange 'nope' in vhost '/'",
  ]);
  assert.deepEqual(b.names('stomp-subscription-'), [name]);
});

test('without an id, the destination names the subscription', async () => {
  const [b, peer] = await opened();
  peer.call('SUBSCRIBE', { destination: '/queue/q', ack: 'client' });
  send(peer, '/queue/q', 'x');
  const [message] = peer.take();
  assert.equal(message?.headers['subscription'], undefined);
  assert.match(message?.headers['message-id'] ?? '', /^Q_\/queue\/q@@session-[\w-]+@@1$/);
  peer.call('ACK', { id: message?.headers['ack'] ?? '' });
  assert.equal(b.unsettled('q'), 0);
  const unknown = peer.call('UNSUBSCRIBE', { destination: '/queue/r' });
  assert.deepEqual(unknown.map(shown), [
    `ERROR No subscription found: UNSUBSCRIBE must refer to an existing subscription.\nSubscription to "destination='/queue/r'" not found.\n`,
  ]);
});

test('a second subscription with the same id ends the connection', async () => {
  const [, peer] = await opened();
  peer.call('SUBSCRIBE', { destination: '/queue/q', id: '1' });
  const again = peer.call('SUBSCRIBE', { destination: '/queue/r', id: '1' });
  assert.deepEqual(again.map(shown), [
    "ERROR Duplicated subscription identifier: A subscription identified by 'T_1' already exists.",
  ]);
  assert.ok(peer.isClosed);
});

test('replies to a temporary queue come without a subscription', async () => {
  const [b, client] = await opened();
  const service = await b.client();
  service.call('SUBSCRIBE', { destination: '/queue/work', id: '1' });
  client.send('SEND', { destination: '/queue/work', 'reply-to': '/temp-queue/r' }, 'ask');
  const [asked] = service.take();
  const back = asked?.headers['reply-to'] ?? '';
  assert.match(back, /^\/reply-queue\/amq\.gen-/);
  send(service, back, 'answer');
  const [answer] = client.take();
  assert.deepEqual(
    [answer?.body, answer?.headers['subscription'], answer?.headers['message-id']?.slice(0, 16)],
    ['answer', '/temp-queue/r', 'T_/temp-queue/r@'],
  );
  client.send('SEND', { destination: '/queue/work', 'reply-to': '/temp-queue/r' }, 'again');
  assert.equal(service.take()[0]?.headers['reply-to'], back);
  const subscribed = client.call('SUBSCRIBE', { destination: '/temp-queue/r', id: '1' });
  assert.deepEqual(subscribed.map(shown), [
    "ERROR Invalid destination: '/temp-queue/r' is not a valid destination for 'SUBSCRIBE'\n",
  ]);
  const prefix = client.call('SUBSCRIBE', { destination: '/queue/q', id: '/temp-queue/r' });
  assert.deepEqual(prefix.map(shown), [
    "ERROR Invalid id: SUBSCRIBE 'id' may not start with /temp-queue/\n",
  ]);
  client.connection.ended();
  await turn();
  assert.deepEqual(b.names('amq.gen-'), []);
});

test('ACK in mode client covers all deliveries of the connection up to it, as in RabbitMQ', async () => {
  const [b, peer] = await opened();
  peer.call('SUBSCRIBE', { destination: '/queue/a', id: 'a', ack: 'client' });
  peer.call('SUBSCRIBE', { destination: '/queue/b', id: 'b', ack: 'client-individual' });
  send(peer, '/queue/a', '1');
  send(peer, '/queue/b', '2', '3');
  send(peer, '/queue/a', '4');
  const acks = peer.take().map(({ headers }) => headers['ack'] ?? '');
  const unsettled = () => [b.unsettled('a'), b.unsettled('b')];
  peer.call('ACK', { id: acks[2] ?? '' });
  assert.deepEqual(unsettled(), [2, 1]);
  peer.call('ACK', { id: acks[3] ?? '' });
  assert.deepEqual(unsettled(), [0, 0]);
  const settled = peer.call('ACK', { id: acks[3] ?? '' });
  assert.deepEqual(settled.map(shown), [
    'ERROR precondition_failed: PRECONDITION_FAILED - unknown delivery tag 4',
  ]);
  assert.ok(peer.isClosed);
});

test('ACK must name a delivery of this session', async () => {
  const [b, peer] = await opened();
  peer.call('SUBSCRIBE', { destination: '/queue/a', id: 'a', ack: 'client' });
  send(peer, '/queue/a', '1');
  const id = peer.take()[0]?.headers['ack'] ?? '';
  assert.deepEqual(peer.call('ACK', {}).map(shown), [
    'ERROR Missing header: "ACK" must include the "id" header\n',
  ]);
  for (const wrong of ['x', 'T_a@@session-x@@1', id.replace(/1$/, 'x')]) {
    assert.deepEqual(peer.call('NACK', { id: wrong }).map(shown), [
      'ERROR Invalid header: "NACK" must include a valid "id" header\n',
    ]);
  }
  const other = id.replace('T_a', 'T_b');
  assert.deepEqual(peer.call('ACK', { id: other }).map(shown), [
    `ERROR Subscription not found: Message with id "${other}" has no subscription`,
  ]);
  assert.equal(b.unsettled('a'), 1);
});

test('clients of 1.0 and 1.1 acknowledge by message id', async () => {
  const [b] = await opened();
  for (const version of ['1.0', '1.1']) {
    const peer = await b.client({ 'accept-version': version });
    peer.call('SUBSCRIBE', { destination: '/queue/a', id: 'a', ack: 'client' });
    send(peer, '/queue/a', 'x');
    const [message] = peer.take();
    assert.equal(message?.headers['ack'], undefined);
    peer.call('ACK', { 'message-id': message?.headers['message-id'] ?? '' });
    assert.equal(b.unsettled('a'), 0);
    peer.call('UNSUBSCRIBE', { id: 'a' });
  }
});

test('NACK requeues unless the frame or the configuration says otherwise', async () => {
  const [b, peer] = await opened();
  peer.call('SUBSCRIBE', { destination: '/queue/a', id: 'a', ack: 'client-individual' });
  send(peer, '/queue/a', 'x');
  const [first] = peer.take();
  assert.equal(first?.headers['redelivered'], 'false');
  const [again] = peer.call('NACK', { id: first?.headers['ack'] ?? '' });
  assert.equal(again?.headers['redelivered'], 'true');
  peer.call('NACK', { id: again?.headers['ack'] ?? '', requeue: 'false' });
  assert.deepEqual([b.queue('a')?.readyCount, b.unsettled('a')], [0, 0]);
  const strict = await RabbitMqStomp.open({ nackRequeues: false });
  const other = await strict.client();
  other.call('SUBSCRIBE', { destination: '/queue/a', id: 'a', ack: 'client' });
  send(other, '/queue/a', 'x', 'y');
  const [, second] = other.take();
  other.call('NACK', { id: second?.headers['ack'] ?? '' });
  assert.deepEqual([strict.queue('a')?.readyCount, strict.unsettled('a')], [0, 0]);
});

test('the prefetch applies to this and later subscriptions', async () => {
  const [b, peer] = await opened();
  send(peer, '/queue/a', '1', '2', '3');
  send(peer, '/queue/b', '4', '5', '6');
  const how = { destination: '/queue/a', id: 'a', ack: 'client-individual', 'prefetch-count': '2' };
  const first = peer.call('SUBSCRIBE', how);
  assert.deepEqual(bodies(first), ['1', '2']);
  const second = peer.call('SUBSCRIBE', { destination: '/queue/b', id: 'b', ack: 'client' });
  assert.deepEqual(bodies(second), ['4', '5']);
  assert.deepEqual(bodies(peer.call('ACK', { id: first[0]?.headers['ack'] ?? '' })), ['3']);
  assert.equal(b.unsettled('a'), 2);
});

test('unsettled deliveries outlive UNSUBSCRIBE, and are requeued with the connection', async () => {
  const [b, peer] = await opened();
  send(peer, '/queue/a', '1', '2');
  const [first] = peer.call('SUBSCRIBE', { destination: '/queue/a', id: 'a', ack: 'client' });
  peer.call('UNSUBSCRIBE', { id: 'a' });
  assert.deepEqual(peer.call('ACK', { id: first?.headers['ack'] ?? '', receipt: 'r' }).length, 0);
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT r']);
  assert.equal(b.unsettled('a'), 1);
  peer.connection.ended();
  await turn();
  const other = await b.client();
  const [message] = other.call('SUBSCRIBE', { destination: '/queue/a', id: 'a' });
  assert.deepEqual([message?.body, message?.headers['redelivered']], ['2', 'true']);
});

test('a transaction sends and acknowledges at its commit', async () => {
  const [b, peer] = await opened();
  send(peer, '/queue/in', '1');
  const [message] = peer.call('SUBSCRIBE', { destination: '/queue/in', id: 'a', ack: 'client' });
  const ack = message?.headers['ack'] ?? '';
  const transaction = 't';
  peer.call('BEGIN', { transaction });
  const sent = { destination: '/queue/out', transaction, receipt: 's', persistent: 'true' };
  assert.deepEqual(peer.call('SEND', sent, 'x'), []);
  assert.deepEqual(peer.call('ACK', { id: ack, transaction, receipt: 'a' }).map(shown), [
    'RECEIPT a',
  ]);
  assert.deepEqual([b.queue('out')?.readyCount, b.unsettled('in')], [0, 1]);
  peer.call('COMMIT', { transaction, receipt: 'c' });
  await turn();
  assert.deepEqual([b.queue('out')?.readyCount, b.unsettled('in')], [1, 0]);
  assert.deepEqual(peer.take(), []);
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT s', 'RECEIPT c']);
  assert.deepEqual(peer.call('COMMIT', { transaction }).map(shown), [
    'ERROR Bad transaction: Invalid transaction identifier: "t"\n',
  ]);
});

test('an aborted transaction leaves nothing, and its deliveries can be acknowledged', async () => {
  const [b, peer] = await opened();
  send(peer, '/queue/in', '1');
  const [message] = peer.call('SUBSCRIBE', { destination: '/queue/in', id: 'a', ack: 'client' });
  const id = message?.headers['ack'] ?? '';
  const transaction = 't';
  peer.call('BEGIN', { transaction });
  peer.send('SEND', { destination: '/queue/out', transaction }, 'x');
  peer.call('ACK', { id, transaction });
  peer.call('ABORT', { transaction });
  await turn();
  assert.equal(b.queue('out')?.readyCount, 0);
  peer.call('ACK', { id });
  assert.equal(b.unsettled('in'), 0);
});

test('the deletion of a queue ends its subscriptions, and the connection goes on', async () => {
  const [b, peer] = await opened();
  peer.call('SUBSCRIBE', { destination: '/queue/a', id: 'a', ack: 'client' });
  send(peer, '/queue/a', '1');
  peer.take();
  b.broker.vhost('/').deleteQueue('a', undefined, { ifUnused: false, ifEmpty: false });
  const [error] = peer.take();
  assert.equal(error?.headers['message'], 'Server cancelled subscription');
  assert.equal(error?.headers['subscription'], 'a');
  assert.equal(
    error?.body,
    `The server has canceled a subscription.\nNo more messages will be delivered for "id='a'".\n`,
  );
  const again = peer.call('SUBSCRIBE', { destination: '/queue/b', id: 'a', receipt: 'r' });
  assert.deepEqual(again.map(shown), []);
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT r']);
});

test('streams are read from an offset, with acknowledgements and a prefetch', async () => {
  const [b, peer] = await opened();
  const stream = { 'x-queue-type': 'stream', durable: 'true' };
  for (const text of ['0', '1', '2']) {
    peer.send('SEND', { destination: '/queue/s', ...stream, persistent: 'true' }, text);
  }
  b.sync();
  const how = { destination: '/amq/queue/s', id: '1', ack: 'client', 'prefetch-count': '10' };
  const read = await b.client();
  read.send('SUBSCRIBE', { ...how, 'x-stream-offset': 'offset=1' });
  const messages: ReceivedFrame[] = [];
  for (let turns = 0; turns < 100 && messages.length < 2; turns++) {
    await turn();
    messages.push(...read.take());
  }
  assert.deepEqual(
    messages.map(({ body, headers }) => [body, headers['x-stream-offset']]),
    [
      ['1', '1'],
      ['2', '2'],
    ],
  );
  const other = await b.client();
  assert.match(
    other.call('SUBSCRIBE', { destination: '/amq/queue/s', id: '1', ack: 'client' })[0]?.body ?? '',
    /^PRECONDITION_FAILED - consumer prefetch count is not set for stream queue 's'/,
  );
});

test('a deleted dead letter keeps what AMQP 0-9-1 says about it', async () => {
  const [b, peer] = await opened();
  peer.send('SEND', {
    destination: '/queue/a',
    'x-dead-letter-exchange': 'amq.topic',
    'x-dead-letter-routing-key': 'dead',
  });
  peer.call('SUBSCRIBE', { destination: '/topic/dead', id: 'd' });
  const [message] = peer.call('SUBSCRIBE', { destination: '/queue/a', id: 'a', ack: 'client' });
  const [dead] = peer.call('NACK', { id: message?.headers['ack'] ?? '', requeue: 'false' });
  assert.equal(dead?.headers['subscription'], 'd');
  assert.equal(dead?.headers['x-first-death-queue'], 'a');
  assert.equal(dead?.headers['x-first-death-reason'], 'rejected');
  assert.ok(b.queue('a'));
});

test('a broker that refuses shared transient queues has exclusive ones for topics', async () => {
  const b = await RabbitMqStomp.open({}, { engineVersion: '4.3' });
  const peer = await b.client();
  peer.call('SUBSCRIBE', { destination: '/topic/a', id: '1' });
  const [name = ''] = b.names('stomp-subscription-');
  assert.equal(b.queue(name)?.options.exclusive, true);
  send(peer, '/topic/a', 'x');
  assert.deepEqual(bodies(peer.take()), ['x']);
  const shared = { destination: '/topic/b', id: '2', exclusive: 'false' };
  assert.match(
    peer.call('SUBSCRIBE', shared).map(shown).join(),
    /^ERROR precondition_failed: PRECONDITION_FAILED - Feature `transient_nonexcl_queues` is deprecated/,
  );
});

test('a returned delivery of a quorum queue is counted', async () => {
  const [, peer] = await opened();
  peer.send('SEND', { destination: '/queue/q', 'x-queue-type': 'quorum' }, 'x');
  const how = { destination: '/queue/q', id: '1', ack: 'client' };
  const [first] = peer.call('SUBSCRIBE', how);
  assert.equal(first?.headers['x-delivery-count'], undefined);
  const [again] = peer.call('NACK', { id: first?.headers['ack'] ?? '' });
  assert.equal(again?.headers['x-delivery-count'], '1');
});
