import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RabbitMqStomp, shown } from '../../../../tests/support/stomp-rabbitmq.ts';

test('CONNECTED names the server, a session, heart-beats in whole seconds, and the version', async () => {
  const b = await RabbitMqStomp.open();
  const peer = b.peer();
  await peer.connect({ 'heart-beat': '5500,300' });
  const text = Buffer.concat(peer.received).toString();
  assert.match(
    text,
    /^CONNECTED\nserver:RabbitMQ\/3\.13\nsession:session-[\w-]+\nheart-beat:1000,5000\nversion:1\.2\n\n\0\n$/,
  );
  assert.ok(peer.isAdmitted);
  const hidden = await RabbitMqStomp.open({ hidesServer: true });
  const other = hidden.peer();
  await other.connect({ 'accept-version': '1.1' });
  const [connected] = other.take();
  assert.deepEqual(Object.keys(connected?.headers ?? {}), ['session', 'heart-beat', 'version']);
  assert.equal(connected?.headers['version'], '1.1');
});

test('a refused CONNECT is answered with the reason, and ends the connection', async () => {
  const b = await RabbitMqStomp.open();
  b.broker.createVhost('v1');
  const refused = async (headers: Record<string, string>) => {
    const peer = b.peer();
    await peer.connect(headers);
    assert.ok(peer.isClosed && !peer.isAdmitted);
    return peer.take().map(shown);
  };
  const bad = (why: string) => [`ERROR Bad CONNECT: ${why}`];
  assert.deepEqual(await refused({ passcode: 'wrong' }), bad("Access refused for user 'bob'\n"));
  assert.deepEqual(await refused({ host: 'no' }), bad("Virtual host 'no' access denied"));
  assert.deepEqual(await refused({ host: 'v1' }), bad("Virtual host 'v1' access denied"));
  assert.deepEqual(await refused({ 'accept-version': '3.0' }), [
    'ERROR Version mismatch: Supported versions are 1.0,1.1,1.2\n',
  ]);
  const anonymous = b.peer();
  anonymous.send('CONNECT', { 'accept-version': '1.2' });
  assert.deepEqual(anonymous.take().map(shown), bad('Missing login or passcode header(s)'));
  const early = b.peer();
  assert.deepEqual(early.call('SEND', { destination: '/queue/q' }).map(shown), [
    'ERROR Illegal command: You must log in using CONNECT first',
  ]);
  assert.ok(early.isClosed);
  assert.equal(b.broker.clientConnections.size, 0);
});

test('the header host chooses the virtual host, otherwise the configuration', async () => {
  const b = await RabbitMqStomp.open({ vhost: 'v1' });
  b.broker.createVhost('v1');
  b.broker.setPermission('bob', 'v1', { configure: '.*', write: '.*', read: '.*' });
  const first = await b.client();
  first.send('SEND', { destination: '/queue/q' }, 'x');
  assert.equal(b.broker.vhost('v1').queues.get('q')?.readyCount, 1);
  const second = await b.client({ host: '/' });
  second.send('SEND', { destination: '/queue/r' }, 'x');
  assert.equal(b.queue('r')?.readyCount, 1);
});

test('an ERROR frame has the headers of RabbitMQ, and the connection goes on', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  peer.send('NOTHING');
  peer.connection.flush();
  const body = 'Could not interpret command "NOTHING"\n';
  const head = `ERROR\nmessage:Bad command\ncontent-type:text/plain\nversion:1.0,1.1,1.2`;
  assert.equal(
    Buffer.concat(peer.received.splice(0)).toString(),
    `${head}\ncontent-length:${body.length}\n\n${body}\0\n`,
  );
  assert.deepEqual(peer.call('BEGIN', { receipt: 'r' }).map(shown), [
    `ERROR Missing transaction: "BEGIN" must include a 'transaction' header\n`,
  ]);
  assert.deepEqual(peer.call('BEGIN', { transaction: 't', receipt: 'r' }).map(shown), [
    'RECEIPT r',
  ]);
  assert.ok(!peer.isClosed);
  assert.deepEqual(peer.call('DISCONNECT', { receipt: 'bye' }).map(shown), ['RECEIPT bye']);
  assert.ok(peer.isClosed);
});

test('an error of the broker ends the connection, as that of a channel in AMQP 0-9-1', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  assert.deepEqual(peer.call('SEND', { destination: '/exchange/nope/k' }, 'x').map(shown), [
    "ERROR not_found: NOT_FOUND - no exchange 'nope' in vhost '/'",
  ]);
  assert.ok(peer.isClosed);
  const other = await b.client();
  const queue = { destination: '/amq/queue/nope', id: '1' };
  assert.deepEqual(other.call('SUBSCRIBE', queue).map(shown), [
    "ERROR not_found: NOT_FOUND - no queue 'nope' in vhost '/'",
  ]);
  b.declare('q', { 'x-max-length': { type: 'long', value: 5 } });
  b.broker
    .vhost('/')
    .declareQueue(
      'plain',
      { durable: false, exclusive: false, autoDelete: false, arguments: {} },
      {},
    );
  const third = await b.client();
  assert.deepEqual(third.call('SEND', { destination: '/queue/plain' }, 'x').map(shown), [
    "ERROR precondition_failed: PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'plain' in vhost '/': received 'true' but current is 'false'",
  ]);
  assert.ok(third.isClosed);
});

test('administration sees the connection, its channel and its consumers', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client({ 'heart-beat': '4000,0' });
  peer.call('SUBSCRIBE', {
    destination: '/queue/q',
    id: '7',
    ack: 'client',
    'prefetch-count': '3',
  });
  peer.send('SEND', { destination: '/queue/q' }, 'x');
  const [connection] = b.broker.clientConnections;
  const { inspector } = connection ?? {};
  const info = inspector?.info();
  assert.equal(info?.protocol, 'STOMP 1.2');
  assert.deepEqual(
    [info?.user, info?.vhost, info?.heartbeatSeconds, info?.channelCount],
    ['bob', '/', 4, 1],
  );
  const [channel] = inspector?.channels() ?? [];
  assert.deepEqual(
    [channel?.consumerCount, channel?.unacknowledgedCount, channel?.prefetchCount],
    [1, 1, 3],
  );
  assert.deepEqual([channel?.publishedCount, channel?.deliveredCount], [1, 1]);
  const [consumer] = inspector?.consumers() ?? [];
  assert.deepEqual(
    [consumer?.tag, consumer?.queue, consumer?.isAcknowledged, consumer?.prefetchCount],
    ['T_7', 'q', true, 3],
  );
});
