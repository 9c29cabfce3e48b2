import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { AmqpClient } from '../support/amqp-client.ts';
import { assertContains } from '../support/contains.ts';
import { connectRhea } from '../support/rhea-client.ts';
import { administrator, ManagementHost } from './management-host.ts';

// Connections, channels, consumers and health checks in the management API.

let host: ManagementHost;
let client: AmqpClient;

before(async () => {
  host = await ManagementHost.open();
  client = await host.connect();
});

after(() => host.close());

interface Described {
  readonly name: string;
  readonly [key: string]: unknown;
}

test('a connection, its channels and its consumers are described', async () => {
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue('consumed');
  await channel.prefetch(7);
  const args = { priority: 5 };
  const { consumerTag } = await channel.consume('consumed', () => {}, args);
  channel.sendToQueue('consumed', Buffer.from('x'));
  await channel.waitForConfirms();

  const connections = await host.json<Described[]>('GET', '/api/connections');
  assert.equal(connections.length, 1);
  const [connection] = connections;
  const name = connection?.name ?? '';
  assert.match(name, /^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/);
  assert.equal(connection?.['user'], 'admin');
  assert.equal(connection?.['protocol'], 'AMQP 0-9-1');
  assert.equal(connection?.['ssl_protocol'], 'tlsv1.3');
  assert.equal(connection?.['auth_mechanism'], 'PLAIN');
  assert.equal(connection?.['state'], 'running');
  const clientProperties = connection?.['client_properties'] as { product: string } | undefined;
  assert.equal(clientProperties?.product, 'amqplib');
  assert.ok(Number(connection?.['recv_oct']) > 0);
  const path = `/api/connections/${encodeURIComponent(name)}`;
  assert.equal((await host.json('GET', path))['name'], name);

  const channels = await host.json<Described[]>('GET', `${path}/channels`);
  assert.deepEqual(
    channels.map((each) => [
      each.name,
      each['number'],
      each['confirm'],
      each['transactional'],
      each['prefetch_count'],
      each['messages_unacknowledged'],
      each['consumer_count'],
    ]),
    [[`${name} (1)`, 1, true, false, 7, 1, 1]],
  );
  const one = await host.json('GET', `/api/channels/${encodeURIComponent(`${name} (1)`)}`);
  const [consumer] = one['consumer_details'] as Described[];
  const consumers = await host.json<Described[]>('GET', '/api/consumers/%2F');
  assert.deepEqual(consumers, [consumer]);
  assert.deepEqual(
    [consumer?.['consumer_tag'], consumer?.['ack_required'], consumer?.['arguments']],
    [consumerTag, true, { 'x-priority': 5 }],
  );
  assert.deepEqual(consumer?.['queue'], { name: 'consumed', vhost: '/' });
  const queue = await host.json('GET', '/api/queues/%2F/consumed');
  assert.deepEqual(
    [queue['consumers'], queue['messages_unacknowledged'], queue['consumer_details']],
    [1, 1, [consumer]],
  );
  assert.equal((await host.call('DELETE', '/api/queues/%2F/consumed?if-unused=true')).status, 400);
  for (const list of ['/api/vhosts/%2F/connections', '/api/connections/username/admin']) {
    assert.equal((await host.json<unknown[]>('GET', list)).length, 1, list);
  }
  assert.equal((await host.json<unknown[]>('GET', '/api/vhosts/%2F/channels')).length, 1);
  assert.deepEqual(await host.json('GET', '/api/connections/username/nobody'), []);
  const overview = await host.json<{ object_totals: unknown }>('GET', '/api/overview');
  assert.deepEqual(overview.object_totals, {
    channels: 1,
    connections: 1,
    consumers: 1,
    exchanges: 7,
    queues: 1,
  });
});

test('a connection is closed with the reason of the request', async () => {
  const [connection] = await host.json<Described[]>('GET', '/api/connections');
  const path = `/api/connections/${encodeURIComponent(connection?.name ?? '')}`;
  const headers = { 'X-Reason': 'maintenance of the rack' };
  assert.equal((await host.call('DELETE', path, undefined, { headers })).status, 204);
  assert.match(await client.ended, /CONNECTION_FORCED - maintenance of the rack/);
  assert.equal((await host.call('DELETE', path)).status, 404);
});

test('all connections of a user are closed', async () => {
  await host.json('PUT', '/api/users/worker', { password: 'p', tags: '' });
  const everything = { configure: '.*', write: '.*', read: '.*' };
  await host.json('PUT', '/api/permissions/%2F/worker', everything);
  const workers = await Promise.all([host.connect('worker:p'), host.connect('worker:p')]);
  const other = await host.connect();
  assert.equal((await host.call('DELETE', '/api/connections/username/worker')).status, 204);
  for (const worker of workers) assert.match(await worker.ended, /management plugin/);
  assert.equal((await host.json<unknown[]>('GET', '/api/connections')).length, 1);
  await other.close();
});

test('health checks pass on a healthy broker and state what fails', async () => {
  const ok = [
    'alarms',
    'local-alarms',
    'virtual-hosts',
    'certificate-expiration/1/days',
    'protocol-listener/https',
    'protocol-listener/amqp091',
    `port-listener/${host.managementPort}`,
    'node-is-quorum-critical',
    'ready-to-serve-clients',
  ];
  for (const check of ok) {
    const reply = await host.call('GET', `/api/health/checks/${check}`);
    assert.deepEqual([reply.status, JSON.parse(reply.text).status], [200, 'ok'], check);
  }
  const failing = ['port-listener/1', 'protocol-listener/mqtt', 'certificate-expiration/900/years'];
  for (const check of failing) {
    const reply = await host.call('GET', `/api/health/checks/${check}`);
    assert.deepEqual([reply.status, JSON.parse(reply.text).status], [503, 'failed'], check);
  }
  for (const check of ['port-listener/x', 'certificate-expiration/1/eons']) {
    assert.equal((await host.call('GET', `/api/health/checks/${check}`)).status, 400, check);
  }
  assert.deepEqual(await host.json('GET', '/api/aliveness-test/%2F'), { status: 'ok' });
});

test('the node and the overview are described with the version of the engine', async () => {
  const overview = await host.json('GET', '/api/overview');
  assert.equal(overview['rabbitmq_version'], '3.13.0');
  const listeners = overview['listeners'] as { protocol: string; port: number }[];
  assert.deepEqual(
    listeners.map(({ protocol }) => protocol),
    ['amqp/ssl', 'https'],
  );
  const [node] = await host.json<Described[]>('GET', '/api/nodes');
  assert.equal(node?.name, overview['node']);
  assert.ok(Number(node?.['mem_used']) > 0 && Number(node?.['disk_free']) > 0);
  assert.equal((await host.call('GET', '/api/nodes/rabbit@elsewhere')).status, 404);
});

test('sessions and links of AMQP 1.0 are listed by connection', async () => {
  await host.json('PUT', '/api/queues/%2F/of-sessions', { durable: true });
  const port = host.broker.ports['amqps'] ?? 0;
  const [username = '', password = ''] = administrator.split(':');
  const connection = await connectRhea({ port, ca: host.authority }, { username, password });
  const sender = connection.open_sender({ name: 'out', target: '/queues/of-sessions' });
  await once(sender, 'sendable');
  sender.send({ body: 'm' });
  await once(sender, 'accepted');
  const receiver = connection.open_receiver({
    name: 'in',
    source: '/queues/of-sessions',
    credit_window: 0,
    autoaccept: false,
  });
  receiver.add_credit(5);
  await once(receiver, 'message');
  const list = await host.json<{ name: string; protocol: string }[]>('GET', '/api/connections');
  const { name = '' } = list.find(({ protocol }) => protocol === 'AMQP 1-0') ?? {};
  const path = `/api/connections/${encodeURIComponent(name)}`;
  const sessions = await host.json<Record<string, unknown>[]>('GET', `${path}/sessions`);
  assert.equal(sessions.length, 1);
  const [session = {}] = sessions;
  assert.deepEqual([session['channel_number'], session['outgoing_unsettled_deliveries']], [0, 1]);
  const [incoming = {}] = session['incoming_links'] as Record<string, unknown>[];
  assertContains(incoming, { link_name: 'out', target_address: '/queues/of-sessions' });
  assert.equal(incoming['delivery_count'], 1);
  const [outgoing = {}] = session['outgoing_links'] as Record<string, unknown>[];
  assertContains(outgoing, {
    link_name: 'in',
    source_address: '/queues/of-sessions',
    queue_name: 'of-sessions',
    send_settled: false,
    delivery_count: 1,
    credit: 4,
  });
  const classic = list.find(({ protocol }) => protocol !== 'AMQP 1-0');
  if (classic !== undefined) {
    const other = `/api/connections/${encodeURIComponent(classic.name)}/sessions`;
    const { status, text } = await host.call('GET', other);
    assert.equal(status, 400);
    assert.match(text, /connection does not use AMQP 1\.0/);
  }
  const closed = once(connection, 'connection_close');
  connection.close();
  await closed;
});
