import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { connect } from 'amqplib';
import { readRabbitMqSettings } from '../../../src/control/configurations/rabbitmq/cuttlefish.ts';
import { planeCertificates } from '../../support/certificates.ts';
import { until } from '../../support/processes.ts';
import { connectRhea } from '../../support/rhea-client.ts';
import { ManagementHost } from '../management-host.ts';
import { outcomeOf, type TokenBroker } from './run-cases.ts';

// Log-ins and rights that an HTTP service decides about.

let server: Server;
let host: ManagementHost;
/** The requests to the service: the path, and the fields. */
let requests: [path: string, fields: URLSearchParams][] = [];
/** Decides about a request; undefined to end the connection without an answer. */
let decide: (path: string, fields: URLSearchParams) => string | undefined | Promise<string> = () =>
  'allow';

before(async () => {
  const { authority, servers } = await planeCertificates();
  server = createServer({
    cert: servers.map(({ certificate }) => certificate),
    key: servers.map(({ privateKey }) => privateKey),
  });
  server.on('request', (request, response: ServerResponse) => {
    let text = '';
    request.on('data', (part: Buffer) => {
      text += part.toString();
    });
    request.on('end', () => {
      const fields = new URLSearchParams(text);
      const path = request.url ?? '';
      requests.push([path, fields]);
      const send = (answer: string | undefined) => {
        if (answer?.startsWith('status ')) response.writeHead(Number(answer.slice(7))).end('allow');
        else if (answer === undefined) response.destroy();
        else response.end(answer);
      };
      Promise.resolve(decide(path, fields)).then(send, (error: Error) => response.destroy(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const paths = ['user', 'vhost', 'resource', 'topic'].map(
    (name) => `auth_http.${name}_path = https://localhost:${port}/${name}`,
  );
  const { http, ...settings } = readRabbitMqSettings(
    [
      'auth_backends.1 = internal',
      'auth_backends.2 = http',
      'auth_http.http_method = post',
      ...paths,
    ].join('\n'),
    4,
  );
  assert.ok(http);
  const timeoutMs = 60_000;
  host = await ManagementHost.open('3.13', {
    ...settings,
    http: { ...http, authorities: authority, timeoutMs },
  });
});

after(async () => {
  await host.close();
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  requests = [];
  decide = () => 'allow';
});

// Without heartbeats, whose timers the client keeps after its socket was destroyed.
const as = (user: string) =>
  connect(`amqps://${user}:secret@127.0.0.1:${host.broker.ports['amqps']}?heartbeat=0`, {
    ca: [host.authority],
  });
const broker = (): TokenBroker => ({
  url: `amqps://127.0.0.1:${host.broker.ports['amqps']}`,
  authority: host.authority,
  token: async () => 'secret',
});
const asked = (path: string) =>
  requests.filter(([found]) => found === path).map(([, fields]) => Object.fromEntries(fields));

test('a user that the service allows may do what the service allows', async () => {
  decide = (path, fields) => {
    if (path === '/user') return 'allow management';
    if (path === '/topic') return fields.get('routing_key') === 'a' ? 'allow' : 'deny';
    return fields.get('name') === 'private' ? 'deny because of its name' : 'allow';
  };
  const steps = [
    ['queue', 'q'],
    ['topic', 'events'],
    ['bind', 'events', undefined, 'a'],
    ['publish', 'events', undefined, 'a'],
    ['get', 'q'],
    [
      'queue',
      'private',
      "ACCESS_REFUSED - configure access to queue 'private' in vhost '/' refused for user 'any'",
    ],
    [
      'publish',
      'private',
      "ACCESS_REFUSED - write access to exchange 'private' in vhost '/' refused for user 'any'",
      'a',
    ],
    [
      'publish',
      'events',
      "ACCESS_REFUSED - write access to topic 'b' in exchange 'events' in vhost '/' refused for user 'any'",
      'b',
    ],
  ] as const;
  const found = await outcomeOf(broker(), { name: '', claims: {}, steps });
  assert.deepEqual(found, [undefined, ...steps.map(([, , error]) => error)]);
  assert.deepEqual(asked('/user'), [{ username: 'any', password: 'secret' }]);
  const tags = 'management';
  assert.deepEqual(asked('/vhost'), [{ username: 'any', vhost: '/', ip: '127.0.0.1', tags }]);
  assert.deepEqual(asked('/resource')[0], {
    username: 'any',
    vhost: '/',
    resource: 'queue',
    name: 'q',
    permission: 'configure',
    tags,
  });
  assert.deepEqual(asked('/topic')[0], {
    username: 'any',
    vhost: '/',
    resource: 'topic',
    name: 'events',
    permission: 'read',
    tags,
    routing_key: 'a',
    'variable_map.username': 'any',
    'variable_map.vhost': '/',
  });
});

test('messages that were sent while a right is checked keep their order, also before a close', async () => {
  const model = await as('amy');
  const channel = await model.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: false });
  let answer = () => {};
  const held = new Promise<string>((resolve) => {
    answer = () => resolve('allow');
  });
  decide = () => held;
  for (let i = 0; i < 50; i++) channel.sendToQueue(queue, Buffer.from(String(i)));
  channel.publish('amq.fanout', '', Buffer.from('another exchange'));
  for (let i = 50; i < 100; i++) channel.sendToQueue(queue, Buffer.from(String(i)));
  await until('the service is asked', () =>
    requests.some(([, fields]) => fields.get('permission') === 'write'),
  );
  const closed = model.close();
  answer();
  await closed;
  const reader = await host.connect();
  const bodies = await reader.take(queue);
  assert.deepEqual(
    bodies,
    Array.from({ length: 100 }, (_, i) => String(i)),
  );
  await reader.close();
  const writes = asked('/resource').filter(({ permission }) => permission === 'write');
  assert.deepEqual(writes.map(({ name }) => name).sort(), ['amq.default', 'amq.fanout']);
});

test('every answer but allow is a refusal', async () => {
  const answers = ['deny no', '', 'allowed', 'status 500'];
  // The name of the user states what is answered, and to which question.
  decide = (path, fields) => {
    const [at, number] = (fields.get('username') ?? '').split('-');
    return path === `/${at}` ? answers[Number(number)] : 'allow';
  };
  const refusals = answers.flatMap((answer, i) => [
    assert.rejects(as(`user-${i}`), /403/, answer),
    assert.rejects(as(`vhost-${i}`), /got <ConnectionClose/, answer),
  ]);
  await Promise.all(refusals);
});

test('without an answer, log-ins and actions are refused, and other users are not affected', async () => {
  decide = () => undefined;
  const refusal = assert.rejects(as('amy'), /403/);
  const own = await host.connect();
  await own.close();
  await refusal;
  decide = (path) => (path === '/resource' ? undefined : 'allow');
  const model = await as('amy');
  const channel = await model.createChannel();
  channel.on('error', () => {});
  await assert.rejects(channel.assertQueue('q2'), /403/);
  await model.close();
  for (const what of ['log-in', 'permission']) {
    const text = `a ${what} was refused without an answer: https://localhost`;
    assert.ok(
      host.lines.some((line) => line.includes(text)),
      host.lines.join('\n'),
    );
  }
  for (const line of host.lines) assert.ok(!line.includes('secret'), line);
});

test('a client that disconnects while a right is checked leaves nothing behind', async () => {
  let answer = () => {};
  const model = await as('amy');
  const channel = await model.createChannel();
  const isAsked = new Promise<void>((asking) => {
    const held = new Promise<string>((resolve) => {
      answer = () => resolve('allow');
    });
    decide = () => {
      asking();
      return held;
    };
  });
  channel.assertQueue('left-behind').catch(() => {});
  await isAsked;
  model.on('error', () => {});
  (model as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  answer();
  const connections = async () => {
    const list = await host.json<{ user: string }[]>('GET', '/api/connections');
    return list.filter(({ user }) => user === 'amy').length;
  };
  while ((await connections()) > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('the management API asks the service too', async () => {
  const user = 'amy:secret';
  decide = (path, fields) => {
    if (path === '/user') return 'allow management';
    return fields.get('name') === 'private' ? 'deny' : 'allow';
  };
  const put = (name: string) => host.call('PUT', `/api/queues/%2F/${name}`, {}, { user });
  assert.equal((await put('by-http')).status, 201);
  assert.equal((await put('private')).status, 401);
  assert.equal((await host.call('GET', '/api/users', undefined, { user })).status, 401);
  decide = () => 'allow';
  assert.equal((await host.call('GET', '/api/whoami', undefined, { user })).status, 401);
});

test('the service decides about clients of AMQP 1.0', async () => {
  decide = (path, fields) => {
    if (path === '/topic') return fields.get('routing_key') === 'a' ? 'allow' : 'deny';
    return fields.get('name') === 'private' ? 'deny' : 'allow';
  };
  await host.json('PUT', '/api/queues/%2F/by-amqp10', {});
  await host.json('PUT', '/api/queues/%2F/private', {});
  const port = host.broker.ports['amqps'] ?? 0;
  const login = { username: 'ria', password: 'secret' };
  const connection = await connectRhea({ port, ca: host.authority }, login);
  const sender = connection.open_sender({ target: {} } as object);
  await once(sender, 'sendable');
  const receiver = connection.open_receiver('/queues/by-amqp10');
  const arrived = once(receiver, 'message');
  sender.send({ to: '/queues/by-amqp10', body: 'first' });
  const [{ message }] = await arrived;
  assert.equal(message.body, 'first');
  sender.send({ to: '/exchanges/amq.topic/a', body: 'goes nowhere' });
  await once(sender, 'released');
  const ended = once(connection, 'session_error');
  sender.send({ to: '/exchanges/amq.topic/b', body: 'refused' });
  const [{ session }] = await ended;
  assert.match(session.error.description, /write access to topic 'b' in exchange 'amq.topic'/);
  const other = connection.create_session();
  other.begin();
  const refused = once(connection, 'session_error');
  other.open_receiver('/queues/private');
  const [{ session: second }] = await refused;
  assert.match(
    second.error.description,
    /read access to queue 'private' .* refused for user 'ria'/,
  );
  const closed = once(connection, 'connection_close');
  connection.close();
  await closed;
  decide = (path) => (path === '/vhost' ? 'deny' : 'allow');
  await assert.rejects(
    connectRhea({ port, ca: host.authority }, login),
    /access to vhost '\/' refused/,
  );
});
