import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { DescribeBrokerCommand } from '@aws-sdk/client-mq';
import { password } from '../support/broker-requests.ts';
import { Waxwing } from '../support/waxwing.ts';

// One port for all brokers: the name that clients ask for leads to the broker.

const run = promisify(execFile);
const publicName = 'example.test';

let waxwing: Waxwing;
let shared = 0;
let ids: readonly string[] = [];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

before(async () => {
  shared = await freePort();
  waxwing = await Waxwing.start({
    args: [
      ...['--no-default-broker', '--public-host', publicName, '--aws-host-names'],
      ...['--shared-ports', `amqps=${shared},management=${shared + 1}`],
    ],
  });
  ids = await Promise.all([waxwing.createBroker(), waxwing.createBroker({ BrokerName: 'second' })]);
});
after(() => waxwing.remove());

const nameOf = (id: string, domain = publicName) => `${id}.mq.${domain}`;

/** Publishes and takes a message with pika, under a name of a broker. */
async function pika(name: string, text: string): Promise<string> {
  const program = `
import pika, ssl, socket, sys
name, port, ca, password, text = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
original = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: original('127.0.0.1', *more, **named)
parameters = pika.ConnectionParameters(name, int(port), '/', pika.PlainCredentials('admin', password),
    ssl_options=pika.SSLOptions(context, name))
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
channel.queue_declare('q', durable=True)
channel.basic_publish('', 'q', text.encode())
_, _, body = channel.basic_get('q', auto_ack=True)
print(body.decode())
connection.close()
`;
  const ca = waxwing.environment['WAXWING_CA_FILE'] ?? '';
  const of = ['-c', program, name, String(shared), ca, password, text];
  const { stdout } = await run('/usr/bin/python3', of);
  return stdout.trim();
}

test('endpoints have a name for each broker and the shared port', async () => {
  for (const id of ids) {
    const { BrokerInstances } = await waxwing.mq.send(new DescribeBrokerCommand({ BrokerId: id }));
    const [{ ConsoleURL, Endpoints } = {}] = BrokerInstances ?? [];
    const name = nameOf(id, 'us-east-1.amazonaws.com');
    assert.deepEqual(Endpoints, [`amqps://${name}:${shared}`]);
    assert.equal(ConsoleURL, `https://${name}:${shared + 1}`);
  }
});

test('a client reaches the broker that it names, by pika and by curl', async () => {
  const [one = '', two = ''] = ids;
  assert.equal(await pika(nameOf(one), 'to one'), 'to one');
  assert.equal(await pika(nameOf(two, 'us-east-1.amazonaws.com'), 'to two'), 'to two');
  const name = nameOf(two);
  const { stdout } = await run('curl', [
    ...['-s', '--cacert', join(waxwing.folder.data, 'ca.pem'), '-u', `admin:${password}`],
    ...['--resolve', `${name}:${shared + 1}:127.0.0.1`],
    `https://${name}:${shared + 1}/api/queues`,
  ]);
  const queues = JSON.parse(stdout) as { name: string }[];
  assert.deepEqual(
    queues.map((queue) => queue.name),
    ['q'],
  );
});

test('a client that names no broker gets the alert unrecognized_name', async () => {
  const [id = ''] = ids;
  for (const options of [
    ['-servername', 'localhost'],
    ['-servername', publicName],
    ['-servername', nameOf('b-00000000-0000-0000-0000-000000000000')],
    ['-servername', nameOf(id, 'other.test')],
    ['-servername', nameOf(`${id}-1`)],
    ['-noservername'],
  ]) {
    const of = ['s_client', '-connect', `127.0.0.1:${shared}`, ...options];
    const connecting = run('openssl', of);
    connecting.child.stdin?.end();
    const failure = await connecting.then(
      () => ({ stderr: 'connected' }),
      (error: { stderr: string }) => error,
    );
    assert.match(failure.stderr, /unrecognized name/, options.join(' '));
  }
});

async function dial(first: Buffer | string, port = shared): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(first);
  return socket;
}

async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

test('bytes that are no ClientHello are answered or refused', async () => {
  const http = 'GET / HTTP/1.1\r\n\r\n';
  assert.match((await all(await dial(http))).toString(), /^HTTP\/1\.1 4.*use amqps:\/\/\n$/s);
  assert.match((await all(await dial(http, shared + 1))).toString(), /use https:\/\/\n$/);
  assert.equal((await all(await dial('AMQP\0\0\x09\x01', shared + 1))).toString(), '');
  assert.match((await all(await dial('AMQP\0\0\x09\x01'))).toString(), /AMQP over TLS only/);
  const alert = '15030300020232';
  for (const hex of ['1603010000', '160301ffff', '16030100040200000000', '16030100041300000000']) {
    assert.equal((await all(await dial(Buffer.from(hex, 'hex')))).toString('hex'), alert, hex);
  }
});

test('many half messages do not keep others out', async () => {
  const [id = ''] = ids;
  const halves = await Promise.all(
    Array.from({ length: 400 }, () => dial(Buffer.from('16030100c8010000', 'hex'))),
  );
  assert.equal(await pika(nameOf(id), 'meanwhile'), 'meanwhile');
  for (const socket of halves) socket.destroy();
});
