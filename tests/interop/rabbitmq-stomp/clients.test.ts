import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, type IMessage } from '@stomp/stompjs';
import * as amqplib from 'amqplib';
import { WebSocket } from 'ws';
import { password } from '../../support/broker-requests.ts';
import { createConfiguration, updateConfiguration } from '../../support/configuration-requests.ts';
import { installed } from '../../support/debian-packages.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';
import { Waxwing } from '../../support/waxwing.ts';
import { WaxwingFolder } from '../../support/waxwing-folder.ts';

// STOMP on a RabbitMQ broker whose configuration opens its listeners: stomp.py and stompjs, together with
// amqplib and pika on the same queues.
const skip = (await installed('python3-stomp')) ?? (await installed('python3-pika')) ?? false;

const configuration = `
stomp.listeners.ssl.1 = 61614
web_stomp.ssl.port = 15673
stomp.default_vhost = /
`;

let waxwing: Waxwing;
let ports: ReadonlyMap<string, number>;
let amqpUrl: string;
let consoleUrl: string;
let caFile: string;
let classic: amqplib.ChannelModel;
let channel: amqplib.ConfirmChannel;

before(async () => {
  const folder = new WaxwingFolder();
  waxwing = await Waxwing.start({ folder, args: ['--no-default-broker'] });
  const kind = { EngineType: 'RABBITMQ', EngineVersion: '4.2' } as const;
  const { Id = '' } = await createConfiguration(waxwing, kind);
  await updateConfiguration(waxwing, Id, configuration);
  const id = await waxwing.createBroker({ ...kind, Configuration: { Id, Revision: 2 } });
  const { BrokerInstances } = await waxwing.brokerIs(id, 'RUNNING');
  const endpoints = BrokerInstances?.[0]?.Endpoints ?? [];
  ports = new Map(
    endpoints.map((text) => {
      const { protocol, port } = new URL(text);
      return [protocol, Number(port)];
    }),
  );
  consoleUrl = BrokerInstances?.[0]?.ConsoleURL ?? '';
  amqpUrl = await waxwing.brokerUrl(id);
  caFile = join(folder.root, 'broker-ca.pem');
  writeFileSync(caFile, waxwing.ca);
  classic = await amqplib.connect(amqpUrl, { ca: [Buffer.from(waxwing.ca)] });
  channel = await classic.createConfirmChannel();
});

after(async () => {
  await classic?.close();
  await waxwing?.remove();
});

const timeoutMs = 60_000;

/**
 * Runs a Python program with a connected client of stomp.py, and returns what it appended to `said`.
 * The client uses TLS 1.2, because it reads in one thread and writes in another: over TLS 1.3, Python's
 * ssl module then can lose what is written.
 *
 * @param lines the program, which uses queues with the name `name`
 */
async function python(lines: string): Promise<unknown> {
  const script = `
import json, os, ssl, stomp, threading, pika
class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.frames = []
        self.changed = threading.Condition()
    def add(self, kind, frame):
        with self.changed:
            self.frames.append([kind, dict(frame.headers), frame.body])
            self.changed.notify_all()
    def on_message(self, frame): self.add('message', frame)
    def on_error(self, frame): self.add('error', frame)
    def on_receipt(self, frame): self.add('receipt', frame)
    def wait(self, count, kind='message'):
        with self.changed:
            found = lambda: [f for f in self.frames if f[0] == kind]
            assert self.changed.wait_for(lambda: len(found()) >= count, 20), self.frames
            return found()
stomp.transport.DEFAULT_SSL_VERSION = ssl.PROTOCOL_TLSv1_2
address = ('localhost', int(os.environ['PORT']))
connection = stomp.Connection12([address], vhost='/', heartbeats=(2000, 2000))
connection.set_ssl(for_hosts=[address], ca_certs=os.environ['CA_FILE'])
listener = Listener()
connection.set_listener('', listener)
connection.connect('admin', os.environ['PASSWORD'], wait=True)
said, name = [], 'py'
${lines}
connection.disconnect(receipt='bye')
print(json.dumps(said))`;
  const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', script], {
    env: {
      PATH: process.env['PATH'],
      PORT: String(ports.get('stomp+ssl:')),
      CA_FILE: caFile,
      PASSWORD: password,
      AMQP_URL: amqpUrl,
    },
    timeout: timeoutMs,
  });
  return JSON.parse(stdout);
}

test('stomp.py sends to pika, and receives what pika sends', { skip }, async () => {
  const said = await python(`
context = ssl.create_default_context(cafile=os.environ['CA_FILE'])
parameters = pika.URLParameters(os.environ['AMQP_URL'])
parameters.ssl_options = pika.SSLOptions(context, 'localhost')
amqp = pika.BlockingConnection(parameters).channel()
connection.send('/queue/' + name, 'hello', headers={'persistent': 'true', 'receipt': '1', 'correlation-id': 'c', 'x-own': 'y'}, content_type='text/plain')
listener.wait(1, 'receipt')
method, properties, body = amqp.basic_get(name, auto_ack=True)
said.append([body.decode(), properties.content_type, properties.delivery_mode, properties.correlation_id, properties.headers['x-own']])
connection.subscribe('/queue/' + name, id='1', ack='client-individual')
amqp.basic_publish('', name, b'back', pika.BasicProperties(headers={'n': 5}, app_id='pika', delivery_mode=2))
kind, headers, body = listener.wait(1)[0]
said.append([body, headers['n'], headers['app-id'], headers['persistent']])
connection.ack(headers['ack'])
`);
  assert.deepEqual(said, [
    ['hello', 'text/plain', 2, 'c', 'y'],
    ['back', '5', 'pika', 'true'],
  ]);
});

test('a durable subscription of stomp.py receives what was published without it', {
  skip,
}, async () => {
  const lines = `
durable = {'durable': 'true', 'auto-delete': 'false'}
connection.subscribe('/topic/prices.*', id='d', ack='client', headers={**durable, 'receipt': 's'})
listener.wait(1, 'receipt')
`;
  await python(lines);
  channel.publish('amq.topic', 'prices.eu', Buffer.from('12'), { persistent: true });
  await channel.waitForConfirms();
  const said = await python(`${lines}
kind, headers, body = listener.wait(1)[0]
said.append([body, headers['destination'], headers['subscription']])
connection.ack(headers['ack'])
connection.unsubscribe('d', headers={'durable': 'true'})
`);
  assert.deepEqual(said, [['12', '/topic/prices.eu', 'd']]);
});

test('stompjs over WebSocket asks, and a service on AMQP 0-9-1 answers', async () => {
  const client = new Client({
    connectHeaders: { login: 'admin', passcode: password },
    reconnectDelay: 0,
    webSocketFactory: () =>
      new WebSocket(`wss://localhost:${ports.get('wss:')}/ws`, ['v12.stomp'], { ca: waxwing.ca }),
  });
  await new Promise<void>((resolve, reject) => {
    client.onConnect = () => resolve();
    client.onStompError = ({ body }) => reject(new Error(body));
    client.activate();
  });
  assert.equal(client.connectedVersion, '1.2');
  await channel.assertQueue('work', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.consume('work', (message) => {
    if (message === null) return;
    const { replyTo, correlationId } = message.properties;
    const name = String(replyTo);
    channel.sendToQueue(name, Buffer.from(`${message.content} back`), { correlationId });
    channel.ack(message);
  });
  const answer = new Promise<IMessage>((resolve) => {
    client.onUnhandledMessage = resolve;
  });
  const headers = { 'reply-to': '/temp-queue/answers', 'correlation-id': '7' };
  client.publish({ destination: '/amq/queue/work', body: 'there and', headers });
  const found = await answer;
  assert.equal(found.body, 'there and back');
  assert.equal(found.headers['correlation-id'], '7');
  assert.equal(found.headers['subscription'], '/temp-queue/answers');
  await client.deactivate();
});

test('the management API shows the connection', async () => {
  const port = ports.get('stomp+ssl:') ?? 0;
  const client = await StompTlsClient.connect({ port, ca: waxwing.ca }, 'admin', password);
  await client.frames(1);
  const auth = `admin:${password}`;
  const options = { ca: waxwing.ca, auth, servername: 'localhost' };
  const sent = request(new URL('/api/connections', consoleUrl), options).end();
  const [response] = await once(sent, 'response');
  const chunks: Buffer[] = await response.toArray();
  const found: { protocol: string; user: string; channels: number }[] = JSON.parse(
    Buffer.concat(chunks).toString(),
  );
  const own = found.filter(({ protocol }) => protocol === 'STOMP 1.2');
  assert.deepEqual(
    own.map(({ user, channels }) => [user, channels]),
    [['admin', 1]],
  );
  client.destroy();
});

test('a message of STOMP is a message of AMQP 0-9-1', async () => {
  const port = ports.get('stomp+ssl:') ?? 0;
  const client = await StompTlsClient.connect({ port, ca: waxwing.ca }, 'admin', password);
  await client.frames(1);
  client.send('SEND', { destination: '/queue/kept', persistent: 'true', receipt: '1' }, 'kept');
  const [receipt] = await client.frames(1);
  assert.equal(receipt?.command, 'RECEIPT');
  client.destroy();
  const message = await channel.get('kept', { noAck: true });
  assert.ok(message !== false);
  assert.equal(message.content.toString(), 'kept');
  assert.equal(message.properties.deliveryMode, 2);
});
