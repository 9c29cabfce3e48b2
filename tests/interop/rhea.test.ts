import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import rhea, {
  type Connection,
  type Delivery,
  type EventContext,
  type Message,
  type Receiver,
  type Sender,
} from 'rhea';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { connectRhea, RheaClient } from '../support/rhea-client.ts';
import { StompTlsClient } from '../support/stomp-tls-client.ts';

// rhea, the AMQP 1.0 client for Node, over TLS.

let host: ActiveMqHost;
let connection: Connection;

before(async () => {
  host = await ActiveMqHost.start();
  connection = await open();
});

after(async () => {
  await end(connection);
  await host.close();
});

function open(more: object = {}): Promise<Connection> {
  return connectRhea({ port: host.portOf('amqp+ssl'), ca: host.authority }, more);
}

async function end(one: Connection): Promise<void> {
  const closed = once(one, 'connection_close');
  one.close();
  await closed;
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
function receiver(source: string | object, more: object = {}, of = connection) {
  const link: Receiver = of.open_receiver({ source, autoaccept: false, ...more } as object);
  const got: Got[] = [];
  link.on('message', ({ message, delivery }: EventContext) => {
    if (message !== undefined && delivery !== undefined) got.push({ message, delivery });
  });
  return {
    link,
    async take(count: number): Promise<Got[]> {
      while (got.length < count) await once(link, 'message');
      return got.splice(0, count);
    },
  };
}

test('messages arrive in order with all their sections', async () => {
  const to = await sender('queue://orders');
  const message = {
    body: { list: [1, 'two', true] },
    durable: true,
    priority: 7,
    ttl: 600_000,
    message_id: 'id-1',
    correlation_id: 'c-1',
    reply_to: 'queue://answers',
    subject: 'type',
    content_type: 'application/x-thing',
    group_id: 'g',
    group_sequence: 3,
    creation_time: new Date(1_700_000_000_000),
    application_properties: { colour: 'blue', n: 5 },
    message_annotations: { 'x-opt-note': 'annotated' },
  };
  assert.equal(await send(to, message as unknown as Message), 'accepted');
  for (let n = 0; n < 20; n++) to.send({ body: `m${n}`, durable: true });
  const from = receiver('queue://orders');
  const [first, ...rest] = await from.take(21);
  const found = first?.message as unknown as Record<string, unknown>;
  assert.deepEqual(found['body'], message.body);
  for (const name of [
    'durable',
    'priority',
    'message_id',
    'correlation_id',
    'reply_to',
    'subject',
    'content_type',
    'group_id',
    'group_sequence',
    'application_properties',
    'message_annotations',
  ] as const) {
    assert.deepEqual(found[name], message[name], name);
  }
  assert.ok(Number(found['ttl']) > 0 && Number(found['ttl']) <= 600_000);
  assert.equal(found['first_acquirer'], true);
  assert.deepEqual(
    rest.map((each) => each.message.body),
    Array.from({ length: 20 }, (_, n) => `m${n}`),
  );
  for (const { delivery } of [{ delivery: first?.delivery }, ...rest]) delivery?.accept();
  from.link.close();
});

test('a drain delivers the available messages and reports when none are left', async () => {
  const client = await RheaClient.connect({ port: host.portOf('amqp+ssl'), ca: host.authority });
  const bodies = Array.from({ length: 500 }, (_, i) => `drained ${i}`);
  await client.publish('to.drain', bodies);
  assert.deepEqual(await client.take('to.drain'), bodies);
  assert.deepEqual(await client.take('to.drain'), []);
  await client.close();
});

test('messages larger than a frame arrive complete in both directions', async () => {
  const to = await sender('queue://large');
  const body = rhea.message.data_section(Buffer.alloc(3_000_000, 'waxwing '));
  assert.equal(await send(to, { body } as Message), 'accepted');
  const from = receiver('queue://large');
  const [got] = await from.take(1);
  const content = (got as Got).message.body.content as Buffer;
  assert.equal(content.length, 3_000_000);
  assert.ok(content.equals(Buffer.alloc(3_000_000, 'waxwing ')));
  got?.delivery.accept();
  from.link.close();
});

test('released, modified and rejected messages are routed by their outcome', async () => {
  const to = await sender('queue://outcomes');
  await send(to, { body: 'a', durable: true });
  const from = receiver('queue://outcomes');
  const [first] = await from.take(1);
  first?.delivery.release({ delivery_failed: false });
  const [second] = await from.take(1);
  assert.equal(second?.message.body, 'a');
  second?.delivery.modified({ delivery_failed: true });
  const [third] = await from.take(1);
  assert.equal(third?.message.first_acquirer, false);
  third?.delivery.reject({ condition: 'app:bad', description: 'not good' });
  const dead = receiver('queue://ActiveMQ.DLQ');
  const [letter] = await dead.take(1);
  assert.equal(letter?.message.body, 'a');
  const properties = letter?.message.application_properties as Record<string, unknown>;
  assert.equal(properties['originalDestination'], 'queue://outcomes');
  letter?.delivery.accept();
  from.link.close();
  dead.link.close();
});

test('the annotations of the outcome modified stay with the message', async () => {
  const to = await sender('queue://annotated');
  const annotations = { 'x-opt-kept': 'kept', 'x-opt-try': 0 };
  const message = { body: 'a', durable: true, message_annotations: annotations };
  assert.equal(await send(to, message as Message), 'accepted');
  const first = receiver('queue://annotated');
  const fails = { delivery_failed: true, undeliverable_here: false };
  const [one] = await first.take(1);
  one?.delivery.modified({ ...fails, message_annotations: { 'x-opt-try': 1 } } as object);
  const [two] = await first.take(1);
  assert.deepEqual(two?.message.message_annotations, { ...annotations, 'x-opt-try': 1 });
  assert.deepEqual([two?.message.delivery_count, two?.message.first_acquirer], [1, false]);
  const more = { 'x-opt-try': 2, 'x-opt-why': 'slow' };
  two?.delivery.modified({ ...fails, message_annotations: more } as object);
  // The broker has applied the outcome once it delivers the message again.
  const [again] = await first.take(1);
  again?.delivery.release({ delivery_failed: false });
  first.link.close();
  await host.restart();
  connection = await open();
  const second = receiver('queue://annotated');
  const [three] = await second.take(1);
  assert.deepEqual(three?.message.message_annotations, { ...annotations, ...more });
  assert.equal(three?.message.body, 'a');
  const here = { undeliverable_here: true, message_annotations: { 'x-opt-why': 'given up' } };
  three?.delivery.modified(here as object);
  const dead = receiver('queue://ActiveMQ.DLQ');
  const [letter] = await dead.take(1);
  const found = letter?.message.message_annotations as Record<string, unknown>;
  assert.deepEqual([found['x-opt-kept'], found['x-opt-why']], ['kept', 'given up']);
  letter?.delivery.accept();
  second.link.close();
  dead.link.close();
});

test('a selector filters messages, and an invalid selector is refused with the link', async () => {
  const to = await sender('queue://selected');
  for (let n = 0; n < 6; n++) {
    await send(to, { body: n, application_properties: { n, kind: n % 2 === 0 ? 'even' : 'odd' } });
  }
  const filter = rhea.filter.selector("kind = 'even' AND n > 1");
  const from = receiver({ address: 'queue://selected', filter });
  assert.deepEqual(
    (await from.take(2)).map(({ message }) => message.body),
    [2, 4],
  );
  from.link.close();
  const bad = connection.open_receiver({
    source: { address: 'queue://selected', filter: rhea.filter.selector('a = = b') },
  } as object);
  await once(bad, 'receiver_error');
  assert.equal((bad.error as { condition: string }).condition, 'amqp:invalid-field');
});

test('a browser reads every message and consumes none', async () => {
  const to = await sender('queue://browsed');
  for (let n = 0; n < 5; n++) await send(to, { body: n });
  const browser = receiver({ address: 'queue://browsed', distribution_mode: 'copy' });
  assert.deepEqual(
    (await browser.take(5)).map(({ message }) => message.body),
    [0, 1, 2, 3, 4],
  );
  browser.link.close();
  const from = receiver('queue://browsed');
  assert.equal((await from.take(5)).length, 5);
  from.link.close();
});

test('a durable subscription stores messages while its client is disconnected', async () => {
  const source = { address: 'topic://prices', durable: 2, expiry_policy: 'never' };
  const first = await open({ container_id: 'subscriber' });
  const subscribed = receiver(source, { name: 'sub' }, first);
  await once(subscribed.link, 'receiver_open');
  subscribed.link.detach();
  await once(subscribed.link, 'receiver_close').catch(() => {});
  await end(first);
  const to = await sender('topic://prices');
  assert.equal(await send(to, { body: 'missed', durable: true }), 'accepted');
  await host.restart();
  connection = await open();
  const again = await open({ container_id: 'subscriber' });
  const resumed = receiver(source, { name: 'sub' }, again);
  const [got] = await resumed.take(1);
  assert.equal(got?.message.body, 'missed');
  got?.delivery.accept();
  const closed = once(resumed.link, 'receiver_close');
  resumed.link.close();
  await closed;
  const lookup = again.open_receiver({ name: 'sub', source: null } as object);
  await once(lookup, 'receiver_error');
  assert.equal((lookup.error as { condition: string }).condition, 'amqp:not-found');
  await end(again);
});

test('requests are answered over a temporary queue and the anonymous terminus', async () => {
  const requests = receiver('queue://requests');
  const answers = receiver({ dynamic: true });
  await once(answers.link, 'receiver_open');
  const replyTo = answers.link.source.address;
  assert.match(replyTo, /^temp-queue:\/\/ID:/);
  const to = await sender({});
  assert.equal(
    await send(to, { to: 'queue://requests', reply_to: replyTo, body: 'ping' }),
    'accepted',
  );
  const [request] = await requests.take(1);
  assert.equal(request?.message.reply_to, replyTo);
  request?.delivery.accept();
  assert.equal(await send(to, { to: replyTo, body: 'pong' }), 'accepted');
  assert.equal((await answers.take(1))[0]?.message.body, 'pong');
  assert.equal(await send(to, { body: 'to nobody' }), 'rejected');
  answers.link.close();
  await once(answers.link, 'receiver_close');
  assert.equal(await send(to, { to: replyTo, body: 'too late' }), 'rejected');
  requests.link.close();
});

test('messages are converted between AMQP and STOMP', async () => {
  const stomp = await StompTlsClient.connect(
    { port: host.portOf('stomp+ssl'), ca: host.authority },
    'bob',
    'a long password',
  );
  await stomp.frames(1);
  stomp.send('SUBSCRIBE', { id: 's', destination: '/queue/to-stomp' });
  const to = await sender('queue://to-stomp');
  const properties = { application_properties: { n: 5, colour: 'blue' } };
  await send(to, { body: 'grüße', durable: true, correlation_id: 'c', ...properties });
  const [frame] = await stomp.frames(1);
  assert.equal(frame?.body, 'grüße');
  const { n, colour, persistent, 'correlation-id': correlationId } = frame?.headers ?? {};
  assert.deepEqual(
    { n, colour, persistent, correlationId },
    {
      n: '5',
      colour: 'blue',
      persistent: 'true',
      correlationId: 'c',
    },
  );
  stomp.send('SEND', { destination: '/queue/to-amqp', 'reply-to': '/topic/t', a: 'b' }, 'text');
  const from = receiver('queue://to-amqp');
  const [got] = await from.take(1);
  assert.equal(got?.message.body, 'text');
  assert.equal(got?.message.reply_to, 'topic://t');
  assert.equal(got?.message.to, 'queue://to-amqp');
  assert.equal(got?.message.application_properties?.['a'], 'b');
  const annotations = got?.message.message_annotations as Record<string, number>;
  assert.deepEqual(
    [
      annotations['x-opt-jms-dest'],
      annotations['x-opt-jms-reply-to'],
      annotations['x-opt-jms-msg-type'],
    ],
    [0, 1, 5],
  );
  got?.delivery.accept();
  from.link.close();
  stomp.destroy();
});

test('selectors see AMQP fields and annotations as the corresponding JMS properties', async () => {
  const stomp = await StompTlsClient.connect(
    { port: host.portOf('stomp+ssl'), ca: host.authority },
    'bob',
    'a long password',
  );
  await stomp.frames(1);
  const selector = "JMS_AMQP_ContentType = 'a/b' AND JMS_AMQP_MA_note = 'annotated'";
  stomp.send('SUBSCRIBE', { id: 's', destination: '/queue/jms-amqp', selector });
  const to = await sender('queue://jms-amqp');
  for (const note of ['other', 'annotated']) {
    await send(to, { body: note, content_type: 'a/b', message_annotations: { note } });
  }
  const [frame] = await stomp.frames(1);
  assert.equal(frame?.body, 'annotated');
  assert.equal(frame?.headers['JMS_AMQP_MA_note'], 'annotated');
  stomp.destroy();
});

test('consumers share a subscription by their link names', async () => {
  const source = {
    address: 'topic://shared',
    durable: 2,
    expiry_policy: 'never',
    capabilities: ['topic', 'shared', 'global'],
  };
  const other = await open();
  const receivers = [connection, other].map((of, at) =>
    receiver(source, { name: `sub|global${at}` }, of),
  );
  await Promise.all(receivers.map(({ link }) => once(link, 'receiver_open')));
  const to = await sender('topic://shared');
  for (let n = 0; n < 20; n++) await send(to, { body: n, durable: true });
  const got = await Promise.all(receivers.map((each) => each.take(10)));
  const bodies = got.flat().map(({ message }) => message.body as number);
  assert.deepEqual(
    bodies.toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, n) => n),
  );
  for (const { delivery } of got.flat()) delivery.accept();
  for (const { link } of receivers) link.close();
  await end(other);
});

test('a wrong password is refused', async () => {
  await assert.rejects(
    open({ password: 'wrong' }),
    /Failed to authenticate|authenticat|disconnected/i,
  );
});
