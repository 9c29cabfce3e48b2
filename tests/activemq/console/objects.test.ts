import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ActiveMqHost } from '../../support/activemq-host.ts';
import { ConsoleClient } from '../../support/console-client.ts';
import { until } from '../../support/processes.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';

// What the pages of the console of a broker of ActiveMQ's type read and do: messages, topics,
// subscriptions, connections and scheduled messages, with the rights of the user.

const password = 'a long password';
const entry = (attributes: string) => `<authorizationEntry ${attributes}/>`;
const configuration =
  '<destinationPolicy><policyMap><policyEntries><policyEntry queue="own.&gt;"><deadLetterStrategy>' +
  '<individualDeadLetterStrategy queuePrefix="Dead." useQueueForQueueMessages="true"/>' +
  '</deadLetterStrategy></policyEntry></policyEntries></policyMap></destinationPolicy>' +
  '<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>' +
  entry('queue="&gt;" read="admins" write="admins" admin="admins"') +
  entry('topic="&gt;" read="admins" write="admins" admin="admins"') +
  entry('queue="open.&gt;" read="readers" write="readers" admin="readers"') +
  entry('topic="ActiveMQ.Advisory.&gt;" read="admins" write="admins" admin="admins"') +
  '</authorizationEntries></authorizationMap></map></authorizationPlugin></plugins>';

let host: ActiveMqHost;
let client: ConsoleClient;
const reader = { user: `reader:${password}` };

before(async () => {
  host = await ActiveMqHost.start(configuration, [
    { username: 'admin', groups: ['admins'], consoleAccess: true },
    { username: 'reader', groups: ['readers'], consoleAccess: true },
  ]);
  client = new ConsoleClient(host.portOf('console'), host.authority, `admin:${password}`);
});
after(() => host.close());

async function stomp(headers: Record<string, string> = {}): Promise<StompTlsClient> {
  const to = { port: host.portOf('stomp+ssl'), ca: host.authority };
  const made = await StompTlsClient.connect(to, 'admin', password, headers);
  await made.frames(1);
  return made;
}

interface Message {
  readonly sequence: number;
  readonly receivedAtMs: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: { readonly content: string; readonly encoding: string; readonly isCut: boolean };
}

const send = (queue: string, fields: Record<string, string>) =>
  client.act('sendMessage.action', { JMSDestination: queue, ...fields });

async function messagesOf(queue: string): Promise<readonly Message[]> {
  const path = `/admin/api/queues/${queue}/messages`;
  return (await client.json<{ messages: Message[] }>(path)).messages;
}

async function textsOf(queue: string): Promise<string[]> {
  const texts: string[] = [];
  for (const { sequence } of await messagesOf(queue)) {
    const path = `/admin/api/queues/${queue}/messages/${sequence}`;
    texts.push((await client.json<Message>(path)).body.content);
  }
  return texts;
}

/** Puts texts into a queue. */
async function fill(queue: string, ...texts: readonly string[]): Promise<void> {
  for (const JMSText of texts) {
    const { status, text } = await send(queue, { JMSText });
    assert.equal(status, 200, text);
  }
}

test('a sent message is shown with its body, and a client receives it', async () => {
  const fields = { JMSText: 'größe <b>', JMSCorrelationID: 'c1', properties: '{"kind": "k1"}' };
  assert.equal((await send('sent', fields)).status, 200);
  const [message] = await messagesOf('sent');
  assert.deepEqual(message?.properties, { kind: 'k1' });
  const { body } = await client.json<Message>('/admin/api/queues/sent/messages/0');
  assert.deepEqual(body, { content: 'größe <b>', encoding: 'text', isCut: false });
  const consumer = await stomp();
  consumer.send('SUBSCRIBE', { id: 's', destination: '/queue/sent' });
  const [frame] = await consumer.frames(1);
  assert.equal(frame?.body, 'größe <b>');
  assert.equal(frame?.headers['correlation-id'], 'c1');
  assert.equal(frame?.headers['kind'], 'k1');
  consumer.destroy();
});

test('a message is refused if its head has no room for its properties, and sent with all of them otherwise', async () => {
  const withProperties = (...sizes: readonly number[]) => ({
    properties: JSON.stringify(
      Object.fromEntries(sizes.map((size, i) => [`p${i}`, 'v'.repeat(size)])),
    ),
  });
  const { status, text } = await send('heads', withProperties(45_000, 45_000));
  assert.deepEqual(
    [status, /90004 bytes; at most 49152 are allowed/.test(text)],
    [400, true],
    text,
  );
  const long = { ...withProperties(1000), JMSCorrelationID: 'c'.repeat(50_000) };
  assert.equal((await send('heads', long)).status, 400);
  assert.equal((await send('heads', withProperties(24_000, 24_000))).status, 200);
  const [message, ...others] = await messagesOf('heads');
  assert.deepEqual([Object.keys(message?.properties ?? {}), others], [['p0', 'p1'], []]);
});

test('of a large body, the beginning is shown', async () => {
  await fill('large', `${'a'.repeat(200_000)}ende`);
  const { body } = await client.json<Message>('/admin/api/queues/large/messages/0');
  assert.deepEqual(
    [body.content.length, new Set(body.content), body.isCut],
    [64 * 1024, new Set('a'), true],
  );
  const sender = await stomp();
  const bytes = '\u0000'.repeat(70_000);
  const headers = { destination: '/queue/bytes', 'content-length': '70000', receipt: 'r' };
  sender.send('SEND', headers, bytes);
  await sender.frames(1);
  sender.destroy();
  const shown = await client.json<Message>('/admin/api/queues/bytes/messages/0');
  assert.equal(shown.body.isCut, true);
  assert.ok(shown.body.content.length <= 64 * 1024);
});

test('one message is deleted, copied and moved, and the others keep their places', async () => {
  await fill('single', 'a', 'b', 'c', 'd');
  const at = (sequence: number) => ({ JMSDestination: 'single', sequence: String(sequence) });
  assert.equal((await client.act('deleteMessage.action', at(1))).status, 200);
  assert.deepEqual(await textsOf('single'), ['a', 'c', 'd']);
  const to = { destination: 'open.copies' };
  assert.equal((await client.act('copyMessage.action', { ...at(2), ...to })).status, 200);
  assert.equal((await client.act('moveMessage.action', { ...at(3), ...to })).status, 200);
  assert.deepEqual(await textsOf('single'), ['a', 'c']);
  assert.deepEqual(await textsOf('open.copies'), ['c', 'd']);
  for (const action of ['deleteMessage', 'moveMessage', 'copyMessage']) {
    const gone = await client.act(`${action}.action`, { ...at(1), ...to });
    assert.equal(gone.status, 404, action);
    const denied = await client.act(`${action}.action`, { ...at(0), ...to }, reader);
    assert.equal(denied.status, 403, action);
  }
  const other = { ...at(0), receivedAtMs: '1' };
  assert.equal((await client.act('deleteMessage.action', other)).status, 409);
  assert.deepEqual(await textsOf('single'), ['a', 'c']);
});

test('a message that a consumer has stays with it', async () => {
  await fill('held', 'a', 'b');
  const consumer = await stomp();
  const terms = { ack: 'client-individual', 'activemq.prefetchSize': '1' };
  consumer.send('SUBSCRIBE', { id: 's', destination: '/queue/held', ...terms });
  const [frame] = await consumer.frames(1);
  assert.equal(frame?.body, 'a');
  const first = { JMSDestination: 'held', sequence: '0' };
  assert.equal((await client.act('deleteMessage.action', first)).status, 404);
  assert.equal((await client.act('deleteMessage.action', { ...first, sequence: '1' })).status, 200);
  consumer.send('ACK', { id: frame?.headers['ack'] ?? '' });
  await until('it is settled', async () => (await messagesOf('held')).length === 0);
  consumer.destroy();
});

test('dead letters are listed, and one of them is retried', async () => {
  await fill('own.work', 'a', 'b');
  const consumer = await stomp();
  consumer.send('SUBSCRIBE', { id: 's', destination: '/queue/own.work', ack: 'client-individual' });
  for (const { headers } of await consumer.frames(2)) {
    consumer.send('NACK', { id: headers['ack'] ?? '' });
  }
  const dead = 'Dead.own.work';
  const listed = async () => {
    const path = '/admin/api/queues?deadLetters=true';
    const { queues } = await client.json<{ queues: { name: string; size: number }[] }>(path);
    return Object.fromEntries(queues.map(({ name, size }) => [name, size]));
  };
  await until('they are dead', async () => (await listed())[dead] === 2);
  consumer.destroy();
  assert.deepEqual(Object.keys(await listed()), ['ActiveMQ.DLQ', dead]);
  const retried = await client.act('retryMessage.action', { JMSDestination: dead, sequence: '1' });
  assert.equal(retried.status, 200, retried.text);
  assert.deepEqual([await textsOf(dead), await textsOf('own.work')], [['a'], ['b']]);
  await fill('ActiveMQ.DLQ', 'of nowhere');
  const kept = { JMSDestination: 'ActiveMQ.DLQ', sequence: '0' };
  assert.equal((await client.act('retryMessage.action', kept)).status, 409);
  assert.deepEqual(await textsOf('ActiveMQ.DLQ'), ['of nowhere']);
});

test('topics and durable subscriptions are created and deleted', async () => {
  const topic = { JMSDestination: 'prices', JMSDestinationType: 'topic' };
  assert.equal((await client.act('createDestination.action', topic)).status, 200);
  const subscriber = { clientId: 'c1', subscriberName: 'n1' };
  const made = { ...subscriber, ...topic, selector: "kind = 'k1'" };
  assert.equal((await client.act('createSubscriber.action', made)).status, 200);
  assert.equal((await client.act('createSubscriber.action', made)).status, 409);
  const bad = { ...made, subscriberName: 'n2', selector: 'kind = ' };
  assert.equal((await client.act('createSubscriber.action', bad)).status, 409);
  const control = { ...made, subscriberName: 'n\n2' };
  assert.equal((await client.act('createSubscriber.action', control)).status, 400);
  await client.act('sendMessage.action', { ...topic, properties: '{"kind": "k1"}' });
  await client.act('sendMessage.action', { ...topic, properties: '{"kind": "k2"}' });
  const path = '/admin/api/subscribers';
  const { subscribers } = await client.json<{ subscribers: object[] }>(path);
  assert.deepEqual(subscribers, [
    {
      clientId: 'c1',
      subscriptionName: 'n1',
      connectionId: 'NOTSET',
      topics: ['prices'],
      selector: "kind = 'k1'",
      isActive: false,
      pendingCount: 1,
      inFlightCount: 0,
      enqueueCount: 1,
      dequeueCount: 0,
    },
  ]);
  const found = await client.json('/admin/api/topics/prices');
  assert.deepEqual(found, {
    name: 'prices',
    size: 1,
    consumerCount: 0,
    enqueueCount: 1,
    dequeueCount: 0,
  });
  assert.equal((await client.act('deleteSubscriber.action', subscriber, reader)).status, 403);
  assert.equal((await client.act('deleteSubscriber.action', subscriber)).status, 200);
  assert.equal((await client.act('deleteSubscriber.action', subscriber)).status, 404);
  assert.equal((await client.act('deleteDestination.action', topic)).status, 200);
  assert.equal((await client.get('/admin/api/topics/prices')).status, 404);
});

test('a subscription that is created here is the one of the client with its id and name', async () => {
  const subscriber = { clientId: 'c2', subscriberName: 'n2', JMSDestination: 'news' };
  assert.equal((await client.act('createSubscriber.action', subscriber)).status, 200);
  const news = { JMSDestination: 'news', JMSDestinationType: 'topic', JMSText: 'while away' };
  assert.equal((await client.act('sendMessage.action', news)).status, 200);
  const owner = await stomp({ 'client-id': 'c2' });
  const named = { 'activemq.subscriptionName': 'n2' };
  owner.send('SUBSCRIBE', { id: 's', destination: '/topic/news', ...named });
  const [frame] = await owner.frames(1);
  assert.equal(frame?.body, 'while away');
  const inUse = await client.act('deleteSubscriber.action', subscriber);
  assert.equal(inUse.status, 409);
  owner.destroy();
});

test('scheduled messages are listed and removed, with the rights on their destinations', async () => {
  for (const queue of ['later', 'open.later']) {
    const { text } = await send(queue, { JMSText: 'x', AMQ_SCHEDULED_DELAY: '3600000' });
    assert.deepEqual(JSON.parse(text), { name: queue, isScheduled: true });
  }
  interface Scheduled {
    readonly messages: readonly { readonly jobId: string; readonly destination: string }[];
    readonly next: number | null;
  }
  const all = await client.json<Scheduled>('/admin/api/scheduled');
  assert.deepEqual(
    [all.messages.map(({ destination }) => destination), all.next],
    [['queue://later', 'queue://open.later'], null],
  );
  const first = await client.json<Scheduled>('/admin/api/scheduled?count=1');
  const rest = await client.json<Scheduled>(`/admin/api/scheduled?after=${first.next}`);
  assert.deepEqual(rest.messages, all.messages.slice(1));
  const own = await client.json<Scheduled>('/admin/api/scheduled', reader);
  assert.deepEqual(own.messages, all.messages.slice(1));
  const [hidden, shown] = all.messages.map(({ jobId }) => ({ jobId }));
  assert.ok(hidden !== undefined && shown !== undefined);
  assert.equal((await client.act('deleteJob.action', hidden, reader)).status, 403);
  assert.equal((await client.act('deleteJob.action', shown, reader)).status, 200);
  assert.equal((await client.act('deleteJob.action', hidden)).status, 200);
  assert.equal((await client.act('deleteJob.action', hidden)).status, 404);
  assert.equal((await client.act('deleteJob.action', { jobId: 'x' })).status, 400);
});

test('connections and consumers are listed, and only an administrator closes those of others', async () => {
  const other = await stomp({ 'client-id': 'shown' });
  other.send('SUBSCRIBE', { id: 's', destination: '/queue/watched', receipt: 'r' });
  await other.frames(1);
  interface Connections {
    readonly connections: readonly { id: string; clientId: string; protocol: string }[];
  }
  const found = await client.json<Connections>('/admin/api/connections?filter=SHOWN');
  const [{ id, clientId, protocol } = { id: '', clientId: '', protocol: '' }] = found.connections;
  assert.deepEqual([found.connections.length, clientId, protocol], [1, 'shown', 'STOMP']);
  const one = await client.json<{ id: string }>(`/admin/api/connections/${encodeURIComponent(id)}`);
  assert.equal(one.id, id);
  for (const query of [`connection=${encodeURIComponent(id)}`, 'queue=watched']) {
    const { consumers } = await client.json<{ consumers: { destinations: string[] }[] }>(
      `/admin/api/consumers?${query}`,
    );
    assert.deepEqual(
      consumers.map(({ destinations }) => destinations),
      [['queue://watched']],
    );
  }
  const denied = await client.act('closeConnection.action', { id }, reader);
  assert.equal(denied.status, 403);
  assert.match(denied.text, /needs the permission admin on all queues and topics/);
  assert.equal((await client.act('closeConnection.action', { id })).status, 200);
  await until('it is closed', async () => {
    const { connections } = await client.json<Connections>('/admin/api/connections?filter=shown');
    return connections.length === 0;
  });
  assert.equal((await client.act('closeConnection.action', { id })).status, 404);
});

test('the overview has counts, limits and rates', async () => {
  const overview = await client.json<{
    queueCount: number;
    usage: Readonly<Record<string, { usedBytes: number; limitBytes: number | null }>>;
    histories: object;
  }>('/admin/api/overview');
  assert.ok(overview.queueCount > 3);
  assert.deepEqual(Object.keys(overview.usage), ['memory', 'store', 'temp']);
  assert.ok((overview.usage['store']?.usedBytes ?? 0) > 0);
  assert.deepEqual(Object.keys(overview.histories), [
    ...['ready', 'inFlight', 'enqueue', 'dispatch', 'dequeue'],
  ]);
  assert.equal((await client.get('/admin/api/overview', { user: undefined })).status, 401);
});

test('lists are sorted by their columns, and others are refused with those that are allowed', async () => {
  for (const [path, name] of Object.entries({
    queues: 'size',
    topics: 'consumerCount',
    subscribers: 'pendingCount',
    consumers: 'prefetch',
    connections: 'user',
  })) {
    for (const descending of ['true', 'false']) {
      const query = `sort=${name}&descending=${descending}&pageSize=1`;
      assert.equal((await client.get(`/admin/api/${path}?${query}`)).status, 200, path);
    }
    const { status, text } = await client.get(`/admin/api/${path}?sort=constructor`);
    assert.equal(status, 400);
    assert.match(text, /sort is .*constructor.*are allowed/);
  }
});

test('bad fields of a message are refused, and nothing is sent', async () => {
  for (const fields of [
    { properties: '[]' },
    { properties: '{"a": 1}' },
    { properties: '{"AMQ_SCHEDULED_DELAY": "1"}' },
    { properties: '{' },
    {
      properties: JSON.stringify(
        Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`p${n}`, ''])),
      ),
    },
    { JMSPriority: '10' },
    { JMSTimeToLive: '-1' },
    { JMSTimeToLive: '9007199254740991' },
    { AMQ_SCHEDULED_DELAY: 'soon' },
    { AMQ_SCHEDULED_CRON: 'never' },
  ]) {
    const { status, text } = await send('refused', fields);
    assert.ok(status === 400 || status === 409, `${status} ${text}`);
  }
  assert.equal((await client.get('/admin/api/queues/refused')).status, 404);
  const denied = await client.act('sendMessage.action', { JMSDestination: 'x' }, reader);
  assert.equal(denied.status, 403);
  assert.equal((await send('x', { JMSText: 'a'.repeat(1100 * 1024) })).status, 413);
});
