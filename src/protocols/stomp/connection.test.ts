import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReceivedFrame, StompBroker, StompPeer } from '../../../tests/support/stomp-peer.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Command, and what an ERROR or a RECEIPT says. */
const shown = (frames: readonly ReceivedFrame[]) =>
  frames.map(({ command, headers, body }) =>
    command === 'ERROR'
      ? `ERROR ${headers['message']}`
      : command === 'RECEIPT'
        ? `RECEIPT ${headers['receipt-id']}`
        : `${command} ${body}`,
  );

test('the highest common version is chosen, heart-beats are negotiated, the session is named', async () => {
  const { broker } = await StompBroker.open();
  const peer = new StompPeer(broker);
  await peer.connect({ 'client-id': 'c1', 'heart-beat': '4000,3000', receipt: 'r' });
  const [connected] = peer.take();
  assert.equal(connected?.command, 'CONNECTED');
  assert.deepEqual(
    { ...connected?.headers },
    {
      server: 'ActiveMQ/5.18',
      'heart-beat': '3000,4000',
      session: 'c1',
      'response-id': 'r',
      'receipt-id': 'r',
      version: '1.2',
    },
  );
  assert.ok(peer.isAdmitted);
  const old = new StompPeer(broker);
  await old.connect({ 'accept-version': '1.0', 'heart-beat': '4000,3000' });
  const [first] = old.take();
  assert.equal(first?.headers['version'], '1.0');
  assert.equal(first?.headers['heart-beat'], '0,0');
});

test('a refused connection gets the reason and is closed', async () => {
  const { broker } = await StompBroker.open();
  const refused = async (headers: Record<string, string>) => {
    const peer = new StompPeer(broker);
    await peer.connect(headers);
    assert.ok(peer.isClosed && !peer.isAdmitted);
    return shown(peer.take());
  };
  const invalid = (name: string) => [`ERROR User name [${name}] or password is invalid.`];
  assert.deepEqual(await refused({ passcode: 'wrong' }), invalid('bob'));
  assert.deepEqual(await refused({ login: 'nobody' }), invalid('nobody'));
  assert.deepEqual(await refused({ 'accept-version': '3.0' }), [
    'ERROR Invalid Protocol version[3.0], supported versions are: [1.2, 1.1, 1.0]',
  ]);
  assert.deepEqual(await refused({ 'heart-beat': 'a,b' }), ['ERROR Invalid heart-beat header:a,b']);
  const anonymous = new StompPeer(broker);
  anonymous.send('CONNECT', { 'accept-version': '1.2' });
  await turn();
  assert.deepEqual(shown(anonymous.take()), invalid('null'));
  const early = new StompPeer(broker);
  assert.deepEqual(shown(early.call('SEND', { destination: '/queue/q' })), [
    'ERROR Not connected.',
  ]);
  assert.ok(early.isClosed);
  assert.equal(broker.clientConnections.size, 0);
});

test('a client id can be used by one connection at a time', async () => {
  const b = await StompBroker.open();
  const first = await b.client({ 'client-id': 'c1' });
  const second = new StompPeer(b.broker);
  await second.connect({ 'client-id': 'c1' });
  assert.deepEqual(shown(second.take()), [
    'ERROR Broker: b1 - Client: c1 already connected from tcp://127.0.0.1:1',
  ]);
  first.connection.ended();
  const third = await b.client({ 'client-id': 'c1' });
  assert.ok(!third.isClosed);
});

test('frames sent before CONNECTED wait for the login', async () => {
  const b = await StompBroker.open();
  const peer = new StompPeer(b.broker);
  const connect = 'CONNECT\nlogin:bob\npasscode:secret\n\n\0';
  peer.receive(`${connect}SEND\ndestination:/queue/q\nreceipt:1\n\nhello\0`);
  assert.deepEqual(peer.take(), []);
  await turn();
  assert.deepEqual(shown(peer.take()), ['CONNECTED ', 'RECEIPT 1']);
  assert.equal(b.ready('q'), 1);
});

test('a RECEIPT for a persistent message is sent only once the message is synced', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const persistent = { destination: '/queue/q', persistent: 'true' };
  b.sync();
  peer.send('SEND', { ...persistent, receipt: 'a' }, '1');
  assert.deepEqual(peer.take(), []);
  // Answers keep their order, whatever they wait for.
  peer.send('SEND', { destination: '/queue/q', receipt: 'b' }, '2');
  peer.send('ACK', { id: 'unknown', receipt: 'c' });
  assert.deepEqual(peer.take(), []);
  b.sync();
  assert.deepEqual(shown(peer.take()), [
    'RECEIPT a',
    'RECEIPT b',
    'ERROR Unexpected ACK received for message-id [unknown]',
  ]);
  assert.deepEqual(shown(peer.call('SEND', { destination: '/queue/q', receipt: 'd' })), [
    'RECEIPT d',
  ]);
});

test('a MESSAGE contains the headers of the SEND and those of the broker', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  b.clock.ms = 1_700_000_000_000;
  peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  peer.send(
    'SEND',
    {
      destination: '/queue/q',
      persistent: 'true',
      priority: '7',
      expires: '1700000060000',
      'correlation-id': 'c',
      type: 't',
      'reply-to': '/topic/answers',
      colour: 'blue\\cgreen',
      transaction2: 'x',
      'message-id': 'forged',
      JMSXUserID: 'forged',
      receipt: 'r',
    },
    'häßlich',
  );
  b.sync();
  const frames = peer.take();
  const message = frames.find(({ command }) => command === 'MESSAGE');
  assert.equal(message?.body, 'häßlich');
  const { 'message-id': messageId, ...headers } = message?.headers ?? {};
  assert.match(messageId ?? '', /^ID:waxwing-[\w-]+:1:-1:1:1$/);
  assert.deepEqual(
    { ...headers },
    {
      subscription: 's',
      destination: '/queue/q',
      timestamp: '1700000000000',
      expires: '1700000060000',
      priority: '7',
      persistent: 'true',
      'correlation-id': 'c',
      'reply-to': '/topic/answers',
      type: 't',
      colour: 'blue:green',
      transaction2: 'x',
    },
  );
});

test('byte messages have a content-length, text has none, and amq-msg-type overrides this', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  const lengthOf = (headers: Record<string, string>, body: string) => {
    const [found] = peer.call('SEND', { destination: '/queue/q', ...headers }, body);
    return [found?.headers['content-length'], found?.body];
  };
  assert.deepEqual(lengthOf({ 'content-length': '3' }, 'a\0b'), ['3', 'a\0b']);
  assert.deepEqual(lengthOf({}, 'abc'), [undefined, 'abc']);
  assert.deepEqual(lengthOf({ 'content-length': '3', 'amq-msg-type': 'text' }, 'abc'), [
    undefined,
    'abc',
  ]);
  assert.deepEqual(lengthOf({ 'content-length': '3', 'amq-msg-type': 'text' }, 'a\0b'), [
    '3',
    'a\0b',
  ]);
  assert.deepEqual(lengthOf({ 'amq-msg-type': 'bytes' }, 'abc'), ['3', 'abc']);
});

test('each version has its own header escapes', async () => {
  const b = await StompBroker.open();
  const send = { destination: '/queue/q', a: 'x\\cy\\\\z\\nw\\rv' };
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    const peer = await b.client({ 'accept-version': version });
    peer.call('SUBSCRIBE', { id: version, destination: '/queue/q' });
    const own = peer.call('SEND', send)[0]?.headers['a'];
    if (version === '1.2') assert.equal(own, 'x:y\\z\nw\rv');
    if (version === '1.1') assert.equal(own, 'x:y\\z\nw\\rv');
    if (version === '1.0') assert.equal(own, send.a);
    peer.call('UNSUBSCRIBE', { id: version });
  }
  const newest = await b.client();
  const older = await b.client({ 'accept-version': '1.1' });
  const oldest = await b.client({ 'accept-version': '1.0' });
  older.call('SUBSCRIBE', { id: 's', destination: '/topic/t' });
  oldest.call('SUBSCRIBE', { id: 's', destination: '/topic/t' });
  newest.call('SEND', { ...send, destination: '/topic/t' });
  assert.equal(older.take()[0]?.headers['a'], 'x:y\\z\nw v');
  assert.equal(oldest.take()[0]?.headers['a'], 'x:y\\z w v');
});

test('ack modes acknowledge automatically, cumulatively or individually', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const send = (body: string) => peer.send('SEND', { destination: '/queue/q' }, body);
  for (const body of ['1', '2', '3', '4']) send(body);
  peer.take();
  const subscribe = (ack: string) => {
    const frames = peer.call('SUBSCRIBE', { id: ack, destination: '/queue/q', ack });
    return frames.map(({ headers, body }) => ({ body, ack: headers['ack'] ?? '' }));
  };
  const individual = subscribe('client-individual');
  assert.deepEqual(
    individual.map(({ body }) => body),
    ['1', '2', '3', '4'],
  );
  peer.call('ACK', { id: individual[1]?.ack ?? '' });
  peer.call('UNSUBSCRIBE', { id: 'client-individual' });
  const all = subscribe('client');
  assert.deepEqual(
    all.map(({ body }) => body),
    ['1', '3', '4'],
  );
  peer.call('ACK', { id: all[1]?.ack ?? '' });
  assert.deepEqual(shown(peer.call('ACK', { id: all[0]?.ack ?? '' })), [
    `ERROR Unexpected ACK received for message-id [${all[0]?.ack}]`,
  ]);
  peer.call('UNSUBSCRIBE', { id: 'client' });
  assert.deepEqual(
    subscribe('auto').map(({ body }) => body),
    ['4'],
  );
  assert.equal(b.broker.vhost('/').queues.get('q')?.index.count, 0);
});

test('a 1.1 client acknowledges by message-id and subscription, a 1.0 client by message-id', async () => {
  const b = await StompBroker.open();
  for (const version of ['1.0', '1.1'] as const) {
    const peer = await b.client({ 'accept-version': version });
    peer.send('SEND', { destination: '/queue/q' }, version);
    const [message] = peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q', ack: 'client' });
    assert.equal(message?.headers['ack'], undefined);
    const messageId = message?.headers['message-id'] ?? '';
    const named = version === '1.0' ? {} : { subscription: 's' };
    const answer = { ...named, 'message-id': messageId, receipt: 'r' };
    peer.send('ACK', answer);
    b.sync();
    assert.deepEqual(shown(peer.take()), ['RECEIPT r']);
    assert.equal(b.broker.vhost('/').queues.get('q')?.index.count, 0);
    peer.connection.ended();
  }
});

test('deliveries of a lost connection are redelivered in order and marked as redelivered', async () => {
  const b = await StompBroker.open();
  const sender = await b.client();
  for (const body of ['1', '2', '3']) sender.send('SEND', { destination: '/queue/q' }, body);
  const first = await b.client();
  first.call('SUBSCRIBE', { id: 's', destination: '/queue/q', ack: 'client' });
  first.connection.ended();
  const second = await b.client();
  const frames = second.call('SUBSCRIBE', { id: 's', destination: '/queue/q', ack: 'client' });
  assert.deepEqual(
    frames.map(({ headers, body }) => [body, headers['redelivered']]),
    [
      ['1', 'true'],
      ['2', 'true'],
      ['3', 'true'],
    ],
  );
});

test('prefetch limits the unsettled messages, and an ACK allows the next one', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  for (const body of ['1', '2', '3', '4']) peer.send('SEND', { destination: '/queue/q' }, body);
  const prefetch = { ack: 'client-individual', 'activemq.prefetchSize': '2' };
  const frames = peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q', ...prefetch });
  assert.deepEqual(
    frames.map(({ body }) => body),
    ['1', '2'],
  );
  peer.send('ACK', { id: frames[1]?.headers['ack'] ?? '' });
  assert.deepEqual(peer.bodies(), ['3']);
});

test('the RECEIPT of a SUBSCRIBE precedes the first message', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.send('SEND', { destination: '/queue/q', persistent: 'true', receipt: '1' }, 'first');
  peer.send('SUBSCRIBE', { id: 's', destination: '/queue/q', receipt: '2' });
  assert.deepEqual(peer.take(), []);
  b.sync();
  assert.deepEqual(shown(peer.take()), ['RECEIPT 1', 'RECEIPT 2', 'MESSAGE first']);
});

test('a NACK dead-letters a persistent message with its origin and drops other messages', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const send = { destination: '/queue/q', persistent: 'true', colour: 'blue' };
  peer.send('SEND', send, 'kept');
  peer.send('SEND', { destination: '/queue/q' }, 'gone');
  b.sync();
  const frames = peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q', ack: 'client' });
  const messages = frames.filter(({ command }) => command === 'MESSAGE');
  const messageId = messages[0]?.headers['message-id'];
  for (const { headers } of messages.toReversed()) peer.send('NACK', { id: headers['ack'] ?? '' });
  await turn();
  const dead = peer.call('SUBSCRIBE', { id: 'd', destination: '/queue/ActiveMQ.DLQ' });
  assert.deepEqual(
    dead.map(({ body }) => body),
    ['kept'],
  );
  const headers = dead[0]?.headers ?? {};
  assert.equal(headers['message-id'], messageId);
  assert.equal(headers['destination'], '/queue/ActiveMQ.DLQ');
  assert.equal(headers['original-destination'], '/queue/q');
  assert.equal(headers['originalExpiration'], '0');
  assert.equal(headers['colour'], 'blue');
});

test('an expired message is dead-lettered with its expiry and does not expire again', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const expires = String(b.clock.ms + 1000);
  peer.send('SEND', { destination: '/queue/q', persistent: 'true', expires }, 'late');
  b.sync();
  b.clock.ms += 1001;
  b.broker.tick();
  await turn();
  const dead = peer.call('SUBSCRIBE', { id: 'd', destination: '/queue/ActiveMQ.DLQ' });
  const headers = dead[0]?.headers ?? {};
  assert.equal(headers['expires'], '0');
  assert.equal(headers['originalExpiration'], expires);
  assert.equal(
    headers['dlqDeliveryFailureCause'],
    `java.lang.Throwable: Message Expired. Expiration:${expires}`,
  );
});

test('a transaction takes full effect at COMMIT and none after ABORT', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.send('SEND', { destination: '/queue/in' }, 'order');
  const [order] = peer.call('SUBSCRIBE', { id: 's', destination: '/queue/in', ack: 'client' });
  const ack = { id: order?.headers['ack'] ?? '', transaction: 't' };
  const send = { destination: '/queue/out', persistent: 'true', transaction: 't' };
  peer.send('BEGIN', { transaction: 't' });
  peer.send('ACK', ack);
  peer.send('SEND', send, 'one');
  peer.send('ABORT', { transaction: 't' });
  assert.equal(b.ready('out'), 0);
  assert.equal(b.broker.vhost('/').queues.get('in')?.index.count, 1);
  peer.send('BEGIN', { transaction: 't' });
  peer.send('ACK', ack);
  peer.send('SEND', send, 'one');
  peer.send('SEND', send, 'two');
  assert.equal(b.ready('out'), 0);
  peer.take();
  peer.send('COMMIT', { transaction: 't', receipt: 'c' });
  assert.deepEqual([b.ready('out'), peer.take()], [2, []]);
  b.sync();
  assert.deepEqual(shown(peer.take()), ['RECEIPT c']);
  assert.equal(b.broker.vhost('/').queues.get('in')?.index.count, 0);
  assert.deepEqual(shown(peer.call('COMMIT', { transaction: 't' })), [
    'ERROR Invalid transaction id: t',
  ]);
});

test('a transaction with a failed SEND cannot be committed', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.send('BEGIN', { transaction: 't' });
  peer.send('SEND', { destination: '/queue/q', transaction: 't' }, '1');
  peer.send('SEND', { destination: '/queue/*', transaction: 't' }, '2');
  peer.take();
  const [error] = shown(peer.call('COMMIT', { transaction: 't' }));
  assert.match(
    error ?? '',
    /^ERROR Transaction 't' was rolled back, because a SEND in it failed: /,
  );
  assert.equal(b.ready('q'), 0);
});

test('DISCONNECT is answered once all deliveries are requeued', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.send('SEND', { destination: '/queue/q' }, '1');
  peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q', ack: 'client' });
  assert.equal(b.ready('q'), 0);
  assert.deepEqual(shown(peer.call('DISCONNECT', { receipt: 'bye' })), ['RECEIPT bye']);
  assert.ok(peer.isClosed);
  assert.equal(b.ready('q'), 1);
  assert.equal(b.broker.clientConnections.size, 0);
});

test('some protocol errors close the connection, most do not', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const soft: [string, Record<string, string>, string][] = [
    ['SEND', {}, 'SEND received without a Destination specified!'],
    ['SUBSCRIBE', { destination: '/queue/q' }, 'SUBSCRIBE received without a subscription id!'],
    ['UNSUBSCRIBE', { id: 'x' }, 'No subscription matched.'],
    ['SEND', { destination: '/queue/q', transaction: 't' }, 'Invalid transaction id: t'],
    ['NACK', { id: 'x' }, 'Unexpected NACK received for message-id [x]'],
    ['SEND', { destination: '/queue/' }, 'the destination has no name'],
    [
      'SEND',
      { destination: '/queue/amq.x' },
      "queue name 'amq.x' contains reserved prefix 'amq.*'",
    ],
    [
      'SEND',
      { destination: '/queue/q', priority: 'x' },
      'The header priority of SEND is not a whole number',
    ],
  ];
  for (const [command, headers, text] of soft) {
    const [error] = peer.call(command, { ...headers, receipt: 'r' });
    assert.deepEqual([error?.headers['message'], error?.headers['receipt-id']], [text, 'r']);
    assert.ok(!peer.isClosed);
  }
  assert.deepEqual(shown(peer.call('BEGINX')), ['ERROR Unknown STOMP action: BEGINX']);
  assert.ok(peer.isClosed);
  const twice = await b.client();
  twice.call('CONNECT', { login: 'bob' });
  assert.ok(twice.isClosed);
  const broken = await b.client();
  broken.receive('SEND\ndestination:/queue/q\ncontent-length:3\n\nabcd\0');
  assert.deepEqual(shown(broken.take()), [
    'ERROR content-length bytes were read and there was no trailing null byte',
  ]);
  assert.ok(broken.isClosed);
});

test('heart-beats are sent, and a silent peer is disconnected', async () => {
  const b = await StompBroker.open();
  const peer = await b.client({ 'heart-beat': '1000,1000' });
  peer.connection.tick(0);
  for (let ms = 500; ms <= 2000; ms += 500) peer.connection.tick(ms);
  assert.ok(Buffer.concat(peer.received).equals(Buffer.from('\n\n')), 'two in two seconds');
  assert.ok(!peer.isClosed);
  peer.receive('\n');
  for (let ms = 2500; ms <= 4000; ms += 500) peer.connection.tick(ms);
  assert.ok(!peer.isClosed, 'it has shown that it is there');
  for (let ms = 4500; ms <= 6000; ms += 500) peer.connection.tick(ms);
  assert.ok(peer.isClosed);
});

test('deliveries pause while the peer does not read, and then resume', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  peer.takesMore = false;
  const sender = await b.client();
  const body = 'x'.repeat(50_000);
  for (let i = 0; i < 20; i++) sender.send('SEND', { destination: '/queue/q' }, body);
  assert.ok((b.ready('q') ?? 0) > 10);
  while ((b.ready('q') ?? 0) > 0) peer.drain();
  assert.equal(peer.bodies().length, 20);
});
