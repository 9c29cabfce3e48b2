import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeMessage,
  ManagementClient,
  plain,
  RabbitMqBroker,
  symbol,
  text,
} from '../../../../../tests/support/amqp10-rabbitmq.ts';
import type { Item } from '../../codec/items.ts';
import { compositeCodes } from '../../codec/performatives.gen.ts';

const boolean = (value: boolean): Item => ({ type: 'boolean', value });
const map = (fields: Readonly<Record<string, Item>>): Item => ({
  type: 'map',
  value: Object.entries(fields).map(([name, value]) => [text(name), value]),
});

async function opened(engineVersion?: string) {
  const b = await RabbitMqBroker.open(engineVersion);
  const peer = await b.client();
  return { b, peer, management: new ManagementClient(peer, () => b.sync()) };
}

test('queues are declared, described, purged and deleted', async () => {
  const { b, peer, management } = await opened();
  const created = management.call(
    'PUT',
    '/queues/q%2F1',
    map({ arguments: map({ 'x-max-length': { type: 'ulong', value: 9n } }) }),
  );
  assert.equal(created.status, '201');
  assert.deepEqual(created.body, {
    leader: 'rabbit@localhost',
    replicas: ['rabbit@localhost'],
    message_count: 0n,
    consumer_count: 0,
    name: 'q/1',
    vhost: '/',
    durable: true,
    auto_delete: false,
    exclusive: false,
    type: 'quorum',
    arguments: { 'x-max-length': 9n, 'x-queue-type': 'quorum' },
  });
  const again = management.call(
    'PUT',
    '/queues/q%2F1',
    map({ arguments: map({ 'x-max-length': { type: 'int', value: 9 } }) }),
  );
  assert.equal(again.status, '200');
  const other = management.call('PUT', '/queues/q%2F1', map({ durable: boolean(false) }));
  assert.deepEqual(other, {
    status: '409',
    body: "inequivalent arg 'durable' for queue 'q/1' in vhost '/': received 'false' but current is 'true'",
  });
  peer.attachSender('s', '/queues/q%2F1');
  peer.take();
  for (let n = 0; n < 3; n++) peer.transfer(encodeMessage({ header: { durable: true } }));
  b.sync();
  peer.take();
  const found = management.call('GET', '/queues/q%2F1').body as Record<string, unknown>;
  assert.equal(found['message_count'], 3n);
  assert.deepEqual(management.call('DELETE', '/queues/q%2F1/messages'), {
    status: '200',
    body: { message_count: 3n },
  });
  assert.deepEqual(management.call('DELETE', '/queues/q%2F1'), {
    status: '200',
    body: { message_count: 0n },
  });
  assert.deepEqual(management.call('DELETE', '/queues/q%2F1'), {
    status: '200',
    body: { message_count: 0n },
  });
  assert.deepEqual(management.call('GET', '/queues/q%2F1'), {
    status: '404',
    body: "queue 'q/1' in vhost '/' not found",
  });
});

test('exchanges and bindings are declared, listed and deleted', async () => {
  const { management } = await opened();
  assert.deepEqual(management.call('PUT', '/exchanges/e%201', map({ type: text('topic') })), {
    status: '204',
    body: null,
  });
  assert.equal(
    management.call('PUT', '/exchanges/e%201', map({ type: text('topic') })).status,
    '204',
  );
  assert.deepEqual(management.call('PUT', '/exchanges/e%201', map({ type: text('fanout') })), {
    status: '409',
    body: "inequivalent arg 'type' for exchange 'e 1' in vhost '/': received 'fanout' but current is 'topic'",
  });
  management.call('PUT', '/queues/q', map({}));
  const binding = (args: Item) =>
    map({
      source: text('e 1'),
      destination_queue: text('q'),
      binding_key: text('a.#'),
      arguments: args,
    });
  assert.equal(management.call('POST', '/bindings', binding(map({}))).status, '204');
  assert.equal(management.call('POST', '/bindings', binding(map({ k: text('v') }))).status, '204');
  const list = () =>
    management.call('GET', '/bindings?src=e%201&dstq=q&key=a.%23').body as Record<
      string,
      unknown
    >[];
  const [first, second] = list();
  assert.deepEqual(first, {
    source: 'e 1',
    destination_queue: 'q',
    binding_key: 'a.#',
    arguments: {},
    location: '/bindings/src=e%201;dstq=q;key=a.%23;args=',
  });
  assert.deepEqual(second?.['arguments'], { k: 'v' });
  assert.equal(management.call('DELETE', String(second?.['location'])).status, '204');
  assert.equal(management.call('DELETE', String(second?.['location'])).status, '204');
  assert.deepEqual(list(), [first]);
  assert.equal(management.call('DELETE', '/exchanges/e%201').status, '204');
  assert.deepEqual(list(), []);
});

test('requests that cannot be performed have RabbitMQ’s status and text', async () => {
  const { management } = await opened();
  const call = (method: string, to: string, body?: Item) => {
    const { status, body: why } = management.call(method, to, body);
    return `${status} ${why}`;
  };
  assert.equal(call('PUT', '/queues/', map({})), '400 declare queue with empty name not allowed');
  assert.equal(
    call('PUT', '/queues/amq.x', map({})),
    "403 queue 'amq.x' in vhost '/' starts with reserved prefix 'amq.'",
  );
  assert.equal(
    call('PUT', '/queues/a%0Ab', map({})),
    "400 Bad name 'a\nb': line feed and carriage return characters not allowed",
  );
  assert.equal(
    call('PUT', '/queues/q', map({ wrong: boolean(true) })),
    '400 bad queue property {{utf8,<<"wrong">>},true}',
  );
  assert.equal(
    call('PUT', '/exchanges/', map({})),
    '403 operation not permitted on the default exchange',
  );
  assert.equal(
    call('PUT', '/exchanges/e', map({ type: text('none') })),
    "400 unknown exchange type 'none'",
  );
  assert.equal(
    call('DELETE', '/exchanges/amq.topic'),
    "403 exchange 'amq.topic' in vhost '/' starts with reserved prefix 'amq.'",
  );
  assert.equal(call('DELETE', '/bindings/junk'), "400 bad binding path segment 'junk'");
  assert.equal(
    call(
      'POST',
      '/bindings',
      map({ source: text('no'), destination_queue: text('q'), binding_key: text('') }),
    ),
    "400 no exchange 'no' in vhost '/'",
  );
  assert.match(call('GET', '/nothing'), /^400 /);
  assert.match(call('GET', 'queues/q'), /^400 /);
  assert.match(call('GET', '/queues/%zz'), /^400 /);
  assert.match(call('GET', '/bindings?src=a'), /^400 missing/);
  assert.match(call('PUT', `/queues/${'q'.repeat(256)}`, map({})), /^409 /);
});

test('an exclusive queue belongs to the connection, and a response waits for the disk', async () => {
  const { b, peer, management } = await opened('3.13');
  assert.equal(
    management.call(
      'PUT',
      '/queues/mine',
      map({ exclusive: boolean(true), durable: boolean(false) }),
    ).status,
    '201',
  );
  const other = new ManagementClient(await b.client('c2'), () => b.sync());
  assert.match(
    `${other.call('PUT', '/queues/mine', map({ durable: boolean(false) })).body}`,
    /exclusive access to locked/,
  );
  assert.equal(other.call('DELETE', '/queues/mine').status, '400');
  const properties = {
    messageId: text('x'),
    to: text('/queues/durable'),
    subject: 'PUT',
    replyTo: text('$me'),
  };
  peer.transfer(encodeMessage({ properties, body: map({}) }), 10, { settled: true });
  assert.deepEqual(peer.bodies(), []);
  b.sync();
  assert.equal(peer.bodies().at(-1)?.code, compositeCodes.transfer);
  peer.connection.ended();
  assert.equal(b.broker.vhost('/').queues.has('mine'), false);
});

test('without a permission or credit the session ends', async () => {
  const { b, peer, management } = await opened();
  b.broker.setPermission('bob', '/', { configure: '^own', write: '', read: '' });
  assert.throws(
    () => management.call('PUT', '/queues/q', map({})),
    /unauthorized-access.*configure access to queue 'q'/,
  );
  const next = await b.client('c2');
  const own = new ManagementClient(next, () => b.sync());
  next.flow(11, 0, { deliveryCount: 0 });
  assert.throws(() => own.call('GET', '/queues/q'), /precondition-failed.*insufficient credit/);
  peer.connection.ended();
});

test('links to the management node come in pairs', async () => {
  const b = await RabbitMqBroker.open();
  const peer = await b.client();
  const refused = () => {
    const error = peer.bodies().find((body) => body?.code === compositeCodes.detach);
    assert.ok(error?.code === compositeCodes.detach && error.error?.code === compositeCodes.error);
    return `${error.error.condition}: ${error.error.description}`;
  };
  peer.attachSender('m', '/management', 1, { sndSettleMode: 1 });
  assert.equal(
    refused(),
    "amqp:invalid-field: Link property 'paired' is not set to boolean value 'true'",
  );
  const properties = [[symbol('paired'), boolean(true)]] as const;
  peer.attachReceiver(
    'm',
    '/management',
    2,
    {},
    { properties, target: { code: compositeCodes.target, address: text('a') } },
  );
  peer.take();
  const source = { code: compositeCodes.source, address: text('other') } as const;
  peer.attachSender('m', '/management', 3, { sndSettleMode: 1, properties, source });
  assert.match(refused(), /^amqp:precondition-failed: received invalid attach/);
  assert.equal(plain(boolean(true)), true);
});
