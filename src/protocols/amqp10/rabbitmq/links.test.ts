import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Amqp10Peer, AttachFields } from '../../../../tests/support/amqp10-peer.ts';
import {
  encodeMessage,
  RabbitMqBroker,
  readMessage,
  symbol,
  text,
} from '../../../../tests/support/amqp10-rabbitmq.ts';
import { bodies, shownAll } from '../../../../tests/support/amqp10-shown.ts';
import { compositeCodes } from '../codec/performatives.gen.ts';

const attachedSender = ['attach', 'flow'];
const attachedReceiver = ['attach'];

async function opened(engineVersion?: string): Promise<[RabbitMqBroker, Amqp10Peer]> {
  const b = await RabbitMqBroker.open(engineVersion);
  return [b, await b.client()];
}

test('the open names RabbitMQ, its capabilities, and the version', async () => {
  const b = await RabbitMqBroker.open();
  const { protocol, broker } = b;
  const { Amqp10Peer: Peer, header } = await import('../../../../tests/support/amqp10-peer.ts');
  const peer = new Peer(broker, protocol);
  await peer.logIn();
  peer.receive(header(0));
  peer.take();
  peer.send({ code: compositeCodes.open, containerId: '' });
  const [open] = peer.bodies();
  assert.ok(open?.code === compositeCodes.open);
  assert.deepEqual(open.offeredCapabilities, ['LINK_PAIR_V1_0', 'ANONYMOUS-RELAY']);
  assert.equal(open.idleTimeOut, 30_000);
  const properties = (open.properties ?? []).map(([key, value]) => [key.value, value.value]);
  const { product, version } = Object.fromEntries(properties);
  assert.deepEqual([product, version], ['RabbitMQ', '4.2']);
});

test('a virtual host is chosen by the host name, and refused with its name', async () => {
  const b = await RabbitMqBroker.open();
  b.broker.createVhost('v1');
  const { Amqp10Peer: Peer, header } = await import('../../../../tests/support/amqp10-peer.ts');
  const refused = async (hostname: string) => {
    const peer = new Peer(b.broker, b.protocol);
    await peer.logIn();
    peer.receive(header(0));
    peer.take();
    peer.send({ code: compositeCodes.open, containerId: 'c', hostname });
    return shownAll(peer.take());
  };
  assert.deepEqual(await refused('vhost:nothing'), [
    'open',
    "close amqp:unauthorized-access: AMQP 1.0 connection failed: virtual host 'nothing' does not exist",
  ]);
  assert.deepEqual(await refused('vhost:v1'), [
    'open',
    "close amqp:unauthorized-access: access to vhost 'v1' refused for user 'bob'",
  ]);
  b.broker.setPermission('bob', 'v1', { configure: '', write: '.*', read: '.*' });
  const permitted = await b.client('c', { hostname: 'vhost:v1' });
  permitted.attachReceiver('r', '/queues/q');
  assert.deepEqual(shownAll(permitted.take()), [
    'attach',
    "detach amqp:not-found: no queue 'q' in vhost 'v1'",
  ]);
});

test('messages are sent to queues and exchanges and come back in order', async () => {
  const [b, peer] = await opened();
  b.declare('a/b');
  peer.attachSender('s', '/queues/a%2Fb');
  assert.deepEqual(shownAll(peer.take()), attachedSender);
  for (const body of ['m1', 'm2'])
    peer.transfer(encodeMessage({ header: { durable: true }, body }));
  assert.deepEqual(shownAll(peer.take()), []);
  b.sync();
  assert.deepEqual(shownAll(peer.take()), ['disposition accepted']);
  peer.attachReceiver('r', '/queues/a%2Fb');
  assert.deepEqual(shownAll(peer.take()), attachedReceiver);
  peer.flow(1, 10);
  const frames = peer.take();
  assert.deepEqual(bodies(frames), ['m1', 'm2']);
  const { header, annotations } = readMessage(frames[0]?.payload ?? Buffer.alloc(0));
  assert.deepEqual(header, [true, null, null, true, 0]);
  assert.deepEqual(annotations, { 'x-exchange': '', 'x-routing-key': 'a/b' });
  peer.settle(0, { code: compositeCodes.accepted }, { last: 1 });
  assert.equal(b.broker.vhost('/').queues.get('a/b')?.index.count, 0);
});

test('a stream is read from an offset, and its messages have theirs', async () => {
  const [b, peer] = await opened();
  const args = { 'x-queue-type': { type: 'longstr', value: 'stream' } } as const;
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: args };
  b.broker.vhost('/').declareQueue('s', options, {});
  peer.attachSender('s', '/queues/s');
  for (const body of ['m0', 'm1', 'm2']) peer.transfer(encodeMessage({ header: {}, body }));
  b.sync();
  peer.take();
  const name = 'rabbitmq:stream-offset-spec';
  const offset = { type: 'described', descriptor: symbol(name), value: text('first') } as const;
  const filter = [[symbol(name), offset]];
  peer.attachReceiver('r', '/queues/s', 1, { filter });
  peer.flow(1, 2);
  const frames = peer.take();
  assert.deepEqual(bodies(frames), ['m0', 'm1']);
  const [attach, , second] = frames;
  assert.ok(attach?.body?.code === compositeCodes.attach);
  assert.ok(attach.body.source?.code === compositeCodes.source);
  assert.equal(attach.body.source.filter?.length, 1);
  assert.deepEqual(readMessage(second?.payload ?? Buffer.alloc(0))['annotations'], {
    'x-exchange': '',
    'x-routing-key': 's',
    'x-stream-offset': 1n,
  });
  const { index } = b.broker.vhost('/').queue('s', undefined);
  assert.equal(index.count, 3);
});

test('the annotations and the bare message of the sender are kept', async () => {
  const [b, peer] = await opened();
  b.declare('q');
  const vhost = b.broker.vhost('/');
  vhost.bind(vhost.exchange('amq.topic'), vhost.queue('q', undefined), 'a.#', {});
  peer.attachSender('s', '/exchanges/amq.topic/a.b');
  peer.attachReceiver('r', '/queues/q');
  peer.flow(1, 10);
  peer.take();
  peer.transfer(
    encodeMessage({
      header: { priority: 7, ttl: 60_000 },
      annotations: [
        [symbol('x-opt-a'), text('kept')],
        [symbol('x-exchange'), text('forged')],
      ],
      properties: { messageId: text('id'), subject: 's', to: text('t') },
      applicationProperties: [[text('n'), { type: 'int', value: 1 }]],
      body: { type: 'list', value: [text('x')] },
    }),
  );
  const frame = peer.take().find(({ body }) => body?.code === compositeCodes.transfer);
  const message = readMessage(frame?.payload ?? Buffer.alloc(0));
  assert.deepEqual(message['header'], [false, 7, 60_000, true, 0]);
  assert.deepEqual(message['annotations'], {
    'x-opt-a': 'kept',
    'x-exchange': 'amq.topic',
    'x-routing-key': 'a.b',
  });
  assert.deepEqual((message['properties'] as unknown[]).slice(0, 4), ['id', null, 't', 's']);
  assert.deepEqual(message['applicationProperties'], { n: 1 });
  assert.deepEqual(message['value'], ['x']);
});

test('a message without a route is released, and an anonymous terminus uses `to`', async () => {
  const [b, peer] = await opened();
  b.declare('q');
  peer.attachSender('s', '/exchanges/amq.direct/nowhere');
  peer.attachSender('anonymous', undefined, 2);
  peer.take();
  peer.transfer(encodeMessage({}));
  assert.deepEqual(shownAll(peer.take()), ['disposition released']);
  const send = (properties: object | undefined, more: object = {}) => {
    peer.transfer(encodeMessage(properties === undefined ? {} : { properties }), 2, more);
    b.sync();
    return shownAll(peer.take());
  };
  assert.deepEqual(send({ to: text('/queues/q') }), ['disposition accepted']);
  assert.equal(b.ready('q'), 1);
  assert.deepEqual(send({ to: text('/exchanges/amq.fanout') }), ['disposition released']);
  const rejected = (why: string) => [`disposition rejected ${why}`];
  assert.deepEqual(
    send(undefined),
    rejected("amqp:precondition-failed: anonymous terminus requires 'to' address to be set"),
  );
  assert.deepEqual(
    send({ to: text('/nothing') }),
    rejected("amqp:precondition-failed: bad 'to' address string: /nothing"),
  );
  assert.deepEqual(
    send({ to: text('/exchanges/missing/k') }),
    rejected("amqp:not-found: no exchange 'missing' in vhost '/'"),
  );
  // Nobody waits for the outcome of a settled message.
  assert.deepEqual(send({ to: text('/nothing') }, { settled: true }), [
    "detach amqp:precondition-failed: bad 'to' address string: /nothing",
  ]);
});

test('links are refused with an attach and the error of RabbitMQ', async () => {
  const [b, peer] = await opened();
  b.declare('q');
  const cases: [AttachFields, boolean, string][] = [
    [{}, true, "amqp:not-found: no queue 'missing' in vhost '/'"],
    [
      { unsettled: { type: 'map', value: [[text('t'), text('v')]] } },
      true,
      'amqp:not-implemented: Link recovery not supported',
    ],
    [{ incompleteUnsettled: true }, false, 'amqp:not-implemented: Link recovery not supported'],
    [{ rcvSettleMode: 1 }, false, 'amqp:not-implemented: rcv-settle-mode second not supported'],
    [
      { target: { code: compositeCodes.coordinator } },
      false,
      'amqp:not-implemented: Transactions not supported',
    ],
    [
      { source: { code: compositeCodes.source, outcomes: ['amqp:declared:list'] } },
      false,
      'amqp:not-implemented: Outcomes not supported: [amqp:declared:list]',
    ],
  ];
  let handle = 3;
  for (const [more, isReceiver, why] of cases) {
    const at = handle++;
    if (isReceiver) peer.attachReceiver(`l${at}`, '/queues/missing', at, {}, more);
    else peer.attachSender(`l${at}`, '/queues/q', at, more);
    assert.deepEqual(shownAll(peer.take()), ['attach', `detach ${why}`]);
  }
  const refused = (address: string) => {
    const at = handle++;
    peer.attachSender(`l${at}`, address, at);
    return shownAll(peer.take())[1];
  };
  assert.equal(
    refused('/exchanges/missing'),
    "detach amqp:not-found: no exchange 'missing' in vhost '/'",
  );
  assert.equal(
    refused('/queues/%'),
    'detach amqp:invalid-field: Attach refused: {bad_address_string,<<"/queues/%">>}',
  );
  assert.equal(
    refused('/topic/'),
    'detach amqp:invalid-field: Attach refused: {unknown_destination,"/topic/"}',
  );
  const vhost = b.broker.vhost('/');
  vhost.declareExchange('inner', 'direct', {
    durable: false,
    autoDelete: false,
    internal: true,
    arguments: {},
  });
  assert.equal(
    refused('/exchanges/inner'),
    "detach amqp:unauthorized-access: forbidden to publish to internal exchange 'inner' in vhost '/'",
  );
});

test('addresses of version 1 declare queues in 4.2 and are refused in 4.3', async () => {
  const [b, peer] = await opened('4.2');
  peer.attachSender('s', 'old');
  assert.deepEqual(shownAll(peer.take()), attachedSender);
  peer.transfer(encodeMessage({}));
  b.sync();
  peer.take();
  assert.equal(b.ready('old'), 1);
  assert.equal(b.broker.vhost('/').queues.get('old')?.settings.type, 'classic');
  peer.attachReceiver('r', '/topic/a.*', 1);
  assert.deepEqual(shownAll(peer.take()), attachedReceiver);
  peer.attachSender('t', '/exchange/amq.topic', 2);
  peer.take();
  peer.flow(1, 10);
  peer.transfer(encodeMessage({ properties: { subject: 'a.b' }, body: 'by subject' }), 2);
  assert.deepEqual(bodies(peer.take()), ['by subject']);
  const newer = await (await RabbitMqBroker.open('4.3')).client();
  newer.attachSender('s', 'old');
  assert.deepEqual(shownAll(newer.take()), [
    'attach',
    'detach amqp:invalid-field: Attach refused: {amqp_address_v1_not_permitted,{utf8,<<"old">>}}',
  ]);
});

test('without a permission the session ends', async () => {
  const b = await RabbitMqBroker.open();
  b.declare('q');
  const refused = async (act: (peer: Amqp10Peer) => void) => {
    const peer = await b.client();
    act(peer);
    return shownAll(peer.take()).at(-1);
  };
  b.broker.setPermission('bob', '/', { configure: '', write: '', read: '' });
  assert.equal(
    await refused((peer) => peer.attachSender('s', '/queues/q')),
    "end amqp:unauthorized-access: write access to exchange 'amq.default' in vhost '/' refused for user 'bob'",
  );
  assert.equal(
    await refused((peer) => peer.attachReceiver('r', '/queues/q')),
    "end amqp:unauthorized-access: read access to queue 'q' in vhost '/' refused for user 'bob'",
  );
  b.broker.setPermission('bob', '/', { configure: '.*', write: '.*', read: '.*' });
  b.broker.accounts.setTopicPermission('bob', '/', 'amq.topic', { write: '^mine\\.', read: '' });
  assert.equal(
    await refused((peer) => {
      peer.attachSender('s', '/exchanges/amq.topic/other.key');
      peer.take();
      peer.transfer(encodeMessage({}));
    }),
    "end amqp:unauthorized-access: write access to topic 'other.key' in exchange 'amq.topic' in vhost '/' refused for user 'bob'",
  );
  assert.equal(
    await refused((peer) => {
      peer.attachSender('s', '/queues/q');
      peer.take();
      peer.transfer(encodeMessage({ properties: { userId: Buffer.from('eve') } }));
    }),
    "detach amqp:unauthorized-access: user_id property set to 'eve' but authenticated user was 'bob'",
  );
});

test('a permission that is taken away applies to links that are attached', async () => {
  const [b, peer] = await opened();
  b.declare('q');
  peer.attachSender('s', '/queues/q');
  peer.take();
  b.broker.setPermission('bob', '/', { configure: '', write: '', read: '' });
  peer.transfer(encodeMessage({}));
  assert.match(shownAll(peer.take()).at(-1) ?? '', /^end amqp:unauthorized-access: write access/);
  assert.equal(b.ready('q'), 0);
});

test('administration sees the connection and its consumers', async () => {
  const b = await RabbitMqBroker.open();
  b.declare('q');
  const peer = await b.client('me', { properties: [[symbol('product'), text('test')]] });
  peer.attachReceiver('r', '/queues/q');
  const [{ inspector } = {}] = [...b.broker.clientConnections];
  const info = inspector?.info();
  assert.deepEqual(
    [info?.protocol, info?.user, info?.vhost, info?.authMechanism, info?.clientProperties],
    ['AMQP 1-0', 'bob', '/', 'PLAIN', { product: 'test' }],
  );
  const consumers = [...(inspector?.consumers() ?? [])];
  assert.deepEqual(
    consumers.map(({ queue, isAcknowledged, isActive }) => [queue, isAcknowledged, isActive]),
    [['q', true, true]],
  );
});
