import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import * as amqplib from 'amqplib';
import rhea, {
  type Connection,
  type Delivery,
  type EventContext,
  type Message,
  type Receiver,
  type Sender,
} from 'rhea';
import { installed } from '../support/debian-packages.ts';
import { connectRhea } from '../support/rhea-client.ts';
import { Serving } from '../support/serving.ts';

// AMQP 1.0 on the port of AMQP 0-9-1: rhea, Qpid Proton, and amqplib on the same queues, over TLS.
const skip = (await installed('python3-qpid-proton')) ?? false;

let serving: Serving;
let connection: Connection;
let classic: amqplib.ChannelModel;
let channel: amqplib.ConfirmChannel;
let management: Management;

before(async () => {
  serving = await Serving.start();
  connection = await open();
  management = await Management.open(connection);
  classic = await amqplib.connect(serving.url, { ca: [readFileSync(serving.caFile)] });
  channel = await classic.createConfirmChannel();
});

after(async () => {
  await classic.close();
  const closed = once(connection, 'connection_close');
  connection.close();
  await closed;
  await serving.stop();
});

function open(more: object = {}): Promise<Connection> {
  const { port, username, password } = new URL(serving.url);
  const user = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  const ca = readFileSync(serving.caFile, 'utf8');
  return connectRhea({ port: Number(port), ca }, { ...user, ...more });
}

/** A pair of links to the management node, as RabbitMQ's client libraries open it. */
class Management {
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #number = 0;

  private constructor(sender: Sender, receiver: Receiver) {
    this.#sender = sender;
    this.#receiver = receiver;
  }

  static async open(of: Connection): Promise<Management> {
    const common = {
      name: 'management-link-pair',
      snd_settle_mode: 1,
      properties: { paired: true },
    };
    const node = { address: '/management' };
    const both = { ...common, source: node, target: node } as object;
    const receiver = of.open_receiver(both);
    await once(receiver, 'receiver_open');
    // rhea finds links that are being opened by their names.
    const sender = of.open_sender(both);
    await once(sender, 'sendable');
    return new Management(sender, receiver);
  }

  /** Returns the status and the body of the answer. */
  async call(method: string, to: string, body: unknown = null): Promise<[string, unknown]> {
    const id = `r${this.#number++}`;
    const answer = once(this.#receiver, 'message') as Promise<[EventContext]>;
    this.#sender.send({ message_id: id, to, subject: method, reply_to: '$me', body });
    const [{ message }] = await answer;
    assert.equal(message?.correlation_id, id);
    return [String(message?.subject), message?.body];
  }
}

async function sender(target: string | object, of = connection): Promise<Sender> {
  const link = of.open_sender({ target } as object);
  await once(link, 'sendable');
  return link;
}

/** The outcome of a message that is sent. */
async function send(link: Sender, message: Message): Promise<string> {
  const delivery = link.send(message);
  while (!delivery.remote_settled) await once(link, 'settled');
  const outcome = delivery.remote_state?.constructor as { composite_type?: string } | undefined;
  return outcome?.composite_type ?? 'none';
}

interface Got {
  readonly message: Message;
  readonly delivery: Delivery;
}

/** A receiver, and a function that waits for so many messages of it. */
async function receiver(address: string, of = connection) {
  const got: Got[] = [];
  const link = of.open_receiver({ source: { address }, credit_window: 0, autoaccept: false });
  link.on('message', ({ message, delivery }: EventContext) => {
    if (message !== undefined && delivery !== undefined) got.push({ message, delivery });
  });
  await once(link, 'receiver_open');
  const next = async (count: number): Promise<Got[]> => {
    link.add_credit(count);
    while (got.length < count) await once(link, 'message');
    return got.splice(0, count);
  };
  return { link, next };
}

test('a topology is managed over links, and used by both protocols', async () => {
  const declared = await management.call('PUT', '/queues/rhea%2F1', {
    durable: true,
    auto_delete: false,
    exclusive: false,
    arguments: {},
  });
  assert.equal(declared[0], '201');
  const again = await management.call('PUT', '/queues/rhea%2F1', {
    durable: true,
    auto_delete: true,
    exclusive: false,
    arguments: {},
  });
  assert.equal(again[0], '409');
  assert.equal(
    (
      await management.call('PUT', '/exchanges/e', {
        type: 'topic',
        durable: true,
        auto_delete: false,
        internal: false,
        arguments: {},
      })
    )[0],
    '204',
  );
  const binding = { source: 'e', destination_queue: 'rhea/1', binding_key: 'a.#', arguments: {} };
  assert.equal((await management.call('POST', '/bindings', binding))[0], '204');
  const [status, body] = await management.call('GET', '/queues/rhea%2F1');
  assert.equal(status, '200');
  assert.equal((body as { name?: unknown }).name, 'rhea/1');

  const link = await sender('/exchanges/e/a.b');
  assert.equal(await send(link, { body: 'text', durable: true, subject: 's' }), 'accepted');
  const found = await channel.get('rhea/1', { noAck: true });
  assert.ok(found !== false);
  assert.equal(found.fields.routingKey, 'a.b');
  assert.equal(found.properties.type, 'amqp-1.0');
  const nowhere = await sender('/exchanges/e/z');
  assert.equal(await send(nowhere, { body: 'text' }), 'released');
  const list = await management.call('GET', '/bindings?src=e&dstq=rhea%2F1&key=a.%23');
  assert.equal((list[1] as unknown[]).length, 1);
  assert.equal((await management.call('DELETE', '/queues/rhea%2F1/messages'))[0], '200');
  assert.equal((await management.call('DELETE', '/queues/rhea%2F1'))[0], '200');
  assert.equal((await management.call('DELETE', '/exchanges/e'))[0], '204');
});

test('a message of AMQP 0-9-1 arrives with its properties and headers', async () => {
  await channel.assertQueue('from-091');
  channel.sendToQueue('from-091', Buffer.from('payload'), {
    persistent: true,
    contentType: 'text/plain',
    correlationId: 'c1',
    messageId: 'm1',
    priority: 3,
    expiration: '100000',
    replyTo: 'answers',
    headers: { n: 7, s: 'text', 'x-own': true },
  });
  await channel.waitForConfirms();
  const { link, next } = await receiver('/queues/from-091');
  const [got] = await next(1);
  assert.ok(got !== undefined);
  const { message } = got;
  assert.equal(message.durable, true);
  assert.equal(message.priority, 3);
  assert.equal(message.correlation_id, 'c1');
  assert.equal(message.message_id, 'm1');
  assert.equal(String(message.content_type), 'text/plain');
  assert.deepEqual({ ...message.application_properties }, { n: 7, s: 'text' });
  assert.equal(message.message_annotations?.['x-own'], true);
  assert.equal(message.message_annotations?.['x-routing-key'], 'from-091');
  assert.equal(String((message.body as { content: Buffer }).content), 'payload');
  got.delivery.accept();
  link.close();
  await once(link, 'receiver_close');
});

test('outcomes: released comes back, modified is annotated, rejected is dead-lettered', async () => {
  await channel.assertQueue('dead');
  await channel.assertQueue('outcomes', {
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' },
  });
  const link = await sender('/queues/outcomes');
  for (const body of ['one', 'two']) {
    assert.equal(await send(link, { body, durable: true }), 'accepted');
  }
  const from = await receiver('/queues/outcomes');
  const [first] = await from.next(1);
  first?.delivery.release();
  const [second] = await from.next(1);
  assert.ok(second !== undefined);
  second.delivery.modified({
    delivery_failed: true,
    undeliverable_here: false,
    message_annotations: { 'x-opt-why': 'tired' },
  } as object);
  const [third, fourth] = await from.next(2);
  const bodies = [third, fourth].map((got) => got?.message.body as unknown).sort();
  assert.deepEqual(bodies, ['one', 'two']);
  third?.delivery.reject({ condition: 'app:bad', description: 'bad' });
  fourth?.delivery.accept();
  const dead = await receiver('/queues/dead');
  const [letter] = await dead.next(1);
  const annotations = letter?.message.message_annotations ?? {};
  assert.equal(annotations['x-first-death-queue'], 'outcomes');
  assert.equal(annotations['x-first-death-reason'], 'rejected');
  letter?.delivery.accept();
  for (const { link: one } of [from, dead]) one.close();
});

test('a message of 3 MB arrives complete, and drain returns the credit', async () => {
  await channel.assertQueue('large');
  const link = await sender('/queues/large');
  const body = rhea.message.data_section(Buffer.alloc(3_000_000, 'x'));
  assert.equal(await send(link, { body }), 'accepted');
  const from = await receiver('/queues/large');
  const [got] = await from.next(1);
  assert.equal((got?.message.body as { content: Buffer } | undefined)?.content.length, 3_000_000);
  got?.delivery.accept();
  from.link.drain = true;
  from.link.add_credit(10);
  await once(from.link, 'receiver_drained');
  from.link.close();
});

test('errors have the conditions of RabbitMQ', async () => {
  const refused = connection.open_receiver('/queues/missing');
  await once(refused, 'receiver_error');
  const error = refused.error as { condition?: string; description?: string } | undefined;
  assert.equal(error?.condition, 'amqp:not-found');
  assert.equal(error?.description, "no queue 'missing' in vhost '/'");
  await assert.rejects(open({ hostname: 'vhost:none' }), (thrown: unknown) => {
    return /vhost|virtual host/.test(JSON.stringify(thrown) + String(thrown));
  });
  await assert.rejects(open({ password: 'wrong' }));
});

test('the anonymous terminus takes the address of each message', async () => {
  await channel.assertQueue('named by to');
  const link = await sender({});
  assert.equal(await send(link, { to: '/queues/named%20by%20to', body: 'a' }), 'accepted');
  assert.equal(await send(link, { to: '/nothing', body: 'a' }), 'rejected');
  const found = await channel.get('named by to', { noAck: true });
  assert.ok(found !== false);
  link.close();
});

test('Qpid Proton sends, receives and settles', { skip }, async () => {
  await channel.assertQueue('proton');
  const { port, username, password } = new URL(serving.url);
  const script = `
import json, os
from proton import Message, SSLDomain, symbol
from proton.utils import BlockingConnection, LinkDetached
ssl = SSLDomain(SSLDomain.MODE_CLIENT)
ssl.set_trusted_ca_db(os.environ['CA_FILE'])
ssl.set_peer_authentication(SSLDomain.VERIFY_PEER)
connection = BlockingConnection('amqps://localhost:' + os.environ['PORT'], timeout=20, ssl_domain=ssl, user=os.environ['NAME'], password=os.environ['PASSWORD'], allowed_mechs='PLAIN', reconnect=False)
said = []
sender = connection.create_sender('/queues/proton')
for i in range(50):
    sender.send(Message(id='m%d' % i, body='m%d' % i, durable=True, properties={'i': i}, annotations={symbol('x-opt-a'): 'kept'}))
sender.send(Message(body=b'x' * 2000000, durable=True))
receiver = connection.create_receiver('/queues/proton', credit=100)
for i in range(50):
    message = receiver.receive()
    receiver.accept()
    said.append([message.body, message.id, message.properties['i'], message.annotations['x-opt-a'], message.durable])
large = receiver.receive()
receiver.accept()
said.append(len(large.body))
try:
    connection.create_receiver('/queues/missing')
except LinkDetached as error:
    said.append(str(error.condition))
connection.close()
print(json.dumps(said))
`;
  const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', script], {
    env: {
      PATH: process.env['PATH'],
      CA_FILE: serving.caFile,
      PORT: port,
      NAME: decodeURIComponent(username),
      PASSWORD: decodeURIComponent(password),
    },
    timeout: 60_000,
  });
  assert.deepEqual(JSON.parse(stdout), [
    ...Array.from({ length: 50 }, (_, i) => [`m${i}`, `m${i}`, i, 'kept', true]),
    2_000_000,
    'amqp:not-found',
  ]);
});
