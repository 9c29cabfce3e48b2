import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ActiveMqHost } from '../../support/activemq-host.ts';
import { ConsoleClient } from '../../support/console-client.ts';
import { until } from '../../support/processes.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';

// The console of a broker of ActiveMQ's type, over TLS: access, secrets, lists and actions.

const password = 'a long password';
const of = (user: string) => `${user}:${password}`;
const entry = (attributes: string) => `<authorizationEntry ${attributes}/>`;
const configuration =
  '<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>' +
  entry('queue="&gt;" read="admins" write="admins" admin="admins"') +
  entry('topic="&gt;" read="admins" write="admins" admin="admins"') +
  entry('queue="shared.&gt;" read="readers" write="writers"') +
  '</authorizationEntries></authorizationMap></map></authorizationPlugin></plugins>';

let host: ActiveMqHost;
let client: ConsoleClient;

before(async () => {
  host = await ActiveMqHost.start(configuration, [
    { username: 'admin', groups: ['admins'], consoleAccess: true },
    { username: 'reader', groups: ['readers'], consoleAccess: true },
    { username: 'nobody', groups: [], consoleAccess: true },
    { username: 'app', groups: ['admins'] },
  ]);
  client = new ConsoleClient(host.portOf('console'), host.authority, of('admin'));
});
after(() => host.close());

function stomp(): Promise<StompTlsClient> {
  const to = { port: host.portOf('stomp+ssl'), ca: host.authority };
  return StompTlsClient.connect(to, 'app', password);
}

/** Sends messages to a queue with the canary in the body and the property `note`. */
async function fill(queue: string, count: number, headers: Record<string, string> = {}) {
  const sender = await stomp();
  await sender.frames(1);
  for (let n = 1; n <= count; n++) {
    const own = { destination: `/queue/${queue}`, persistent: 'true', note: `n${n}`, ...headers };
    sender.send('SEND', { ...own, ...(n === count && { receipt: 'r' }) }, 'canary-of-a-body');
  }
  await sender.frames(1);
  sender.destroy();
}

interface Listed {
  readonly queues: readonly { readonly name: string; readonly size: number }[];
  readonly page: number;
  readonly pageCount: number;
  readonly filteredCount: number;
  readonly totalCount: number;
}

async function sizeOf(queue: string): Promise<number | undefined> {
  const path = `/admin/api/queues?filter=${encodeURIComponent(queue)}`;
  const { queues } = await client.json<Listed>(path);
  return queues.find(({ name }) => name === queue)?.size;
}

test('only users with console access may use the console', async () => {
  const missing = await client.get('/admin/api/session', { user: undefined });
  assert.equal(missing.status, 401);
  assert.equal(missing.headers['www-authenticate'], 'Basic realm="ActiveMQRealm", charset="UTF-8"');
  assert.ok(missing.text.length < 4096, 'an answer before authentication is small');
  assert.equal((await client.get('/admin/api/session', { user: 'admin:wrong' })).status, 401);
  assert.equal((await client.get('/admin/api/session', { user: `nemo:${password}` })).status, 401);
  const token = { user: undefined, headers: { Authorization: 'Bearer abc' } };
  assert.equal((await client.get('/admin/api/session', token)).status, 401);
  const app = await client.get('/admin/api/session', { user: of('app') });
  assert.equal(app.status, 403);
  assert.match(app.text, /no access to the console/);
  const denied = await client.get('/admin/xml/queues.jsp', { user: of('app') });
  assert.equal(denied.status, 403);
  // A path that does not exist looks the same before the log-in.
  assert.equal((await client.get('/nothing', { user: undefined })).status, 401);
  assert.equal((await client.get('/nothing')).status, 404);
  assert.equal((await client.get('/admin/api/session')).status, 200);
});

test('failed log-ins of the console are in the log of the broker, and successful ones are reported', async () => {
  const failed = /Failed to add Connection .* due to User name \[admin\] or password is invalid\./;
  await until('it is logged', () => host.lines.some((line) => failed.test(line)));
  const isLogin = ({ kind, user, protocol }: (typeof host.accesses)[number]) =>
    kind === 'login' && user === 'admin' && protocol === 'console';
  await until('it is reported', () => host.accesses.some(isLogin));
});

test('answers cannot be shown, and names in XML are escaped', async () => {
  const name = `<b>&"'</b>`;
  assert.equal(
    (await client.act('createDestination.action', { JMSDestination: name })).status,
    200,
  );
  const { headers } = await client.get('/admin/api/queues');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['set-cookie'], undefined);
  const { text } = await client.get('/admin/xml/queues.jsp');
  assert.ok(!text.includes('<b>'));
  assert.ok(text.includes('&lt;b&gt;&amp;&#034;&#039;&lt;/b&gt;'));
});

test('queues.jsp, topics.jsp and subscribers.jsp have the XML of ActiveMQ', async () => {
  await fill('orders<1>&', 3);
  const subscriber = await stomp();
  await subscriber.frames(1);
  const destination = '/topic/prices';
  subscriber.send('SUBSCRIBE', { id: 's', destination, receipt: 'a' });
  await subscriber.frames(1);
  const queues = await client.get('/admin/xml/queues.jsp');
  assert.equal(queues.headers['content-type'], 'text/xml; charset=utf-8');
  assert.ok(
    queues.text.includes(`<queue name="orders&lt;1&gt;&amp;">
<stats size="3" consumerCount="0" enqueueCount="3" dequeueCount="0"/>
<feed><atom>queueBrowse/orders&lt;1&gt;&amp;?view=rss&amp;feedType=atom_1.0</atom><rss>queueBrowse/orders&lt;1&gt;&amp;?view=rss&amp;feedType=rss_2.0</rss></feed>
</queue>
`),
    queues.text,
  );
  assert.match(queues.text, /^<queues>\n<queue name="ActiveMQ\.DLQ">[\s\S]*<\/queues>\n$/);
  assert.ok(!queues.text.includes('"amq.'), 'subscriptions are not queues');
  const topics = await client.get('/admin/xml/topics.jsp');
  assert.match(
    topics.text,
    /<topic name="prices">\n<stats size="0" consumerCount="1" enqueueCount="0" dequeueCount="0"\/>\n<feed>/,
  );
  subscriber.destroy();
});

test('durable subscriptions are in subscribers.jsp, active or not', async () => {
  const to = { port: host.portOf('stomp+ssl'), ca: host.authority };
  const owner = await StompTlsClient.connect(to, 'app', password, { 'client-id': 'c<1>' });
  await owner.frames(1);
  const headers = { id: 'd', destination: '/topic/news', selector: `a <> 'b'` };
  const named = { 'activemq.subscriptionName': 'n&m', ack: 'client', receipt: 'a' };
  owner.send('SUBSCRIBE', { ...headers, ...named });
  await owner.frames(1);
  const listed = async () => (await client.get('/admin/xml/subscribers.jsp')).text;
  const active = await listed();
  assert.match(
    active,
    /^<subscribers>\n<subscriber clientId="c&lt;1&gt;" subscriptionName="n&amp;m" connectionId="tcp:\/\/[\d.:]+" destinationName="news" selector="a &lt;&gt; &#039;b&#039;" active="yes">\n<stats pendingQueueSize="0" dispatchedQueueSize="0" dispatchedCounter="0" enqueueCounter="0" dequeueCounter="0"\/>\n<\/subscriber>\n<\/subscribers>\n$/,
  );
  owner.destroy();
  await until('it is inactive', async () => (await listed()).includes('active="no"'));
  assert.match(await listed(), /connectionId="NOTSET"/);
});

test('the addresses of pages of ActiveMQ lead to the console, with or without a log-in', async () => {
  const leads = {
    '/api/jolokia': '/',
    '/api/jolokia/read/x': '/',
    '/admin': '/',
    '/admin/': '/',
    '/admin/queues.jsp': '/#/queues',
    '/admin/topics.jsp': '/#/topics',
    '/admin/queueBrowse/a%2Fb?view=rss&feedType=rss_2.0': '/#/queues/a%2Fb',
    '/admin/queues/%3Cb%3E': '/#/queues/%3Cb%3E',
  };
  for (const [path, to] of Object.entries(leads)) {
    for (const call of [{}, { user: undefined }]) {
      const { status, headers } = await client.get(path, call);
      assert.deepEqual([status, headers['location']], [303, to], path);
    }
    assert.equal((await client.get(path, { user: 'admin:wrong' })).status, 401);
  }
});

test('the list of queues has pages and a filter', async () => {
  for (const n of [1, 2, 3]) {
    await client.act('createDestination.action', { JMSDestination: `paged.${n}` });
  }
  const path = '/admin/api/queues?filter=PAGED&pageSize=2&page=2';
  const { queues, page, pageCount, filteredCount, totalCount } = await client.json<Listed>(path);
  assert.deepEqual(
    [queues.map(({ name }) => name), page, pageCount, filteredCount],
    [['paged.3'], 2, 2, 3],
  );
  assert.ok(totalCount > 3);
  const { status, text } = await client.get('/admin/api/queues?pageSize=501');
  assert.equal(status, 400);
  assert.match(text, /pageSize is \\"501\\"; whole numbers from 1 to 500 are allowed/);
});

test('an action without the secret of its user is refused and does nothing', async () => {
  const form = { JMSDestination: 'forged', JMSDestinationType: 'queue' };
  const path = '/admin/createDestination.action';
  assert.equal((await client.send('POST', path, { form })).status, 403);
  const call = { user: of('reader') };
  const { secret } = await client.json<{ secret: string }>('/admin/api/session', call);
  assert.equal((await client.send('POST', path, { form: { ...form, secret } })).status, 403);
  const own = await client.json<{ secret: string }>('/admin/api/session');
  for (const headers of [{ Origin: 'https://evil.test' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
    const forged = { headers, form: { ...form, secret: own.secret } };
    assert.equal((await client.send('POST', path, forged)).status, 403);
  }
  assert.equal(
    (await client.get(`${path}?JMSDestination=forged&secret=${own.secret}`)).status,
    405,
  );
  assert.equal(await sizeOf('forged'), undefined);
  const header = { headers: { 'X-CSRF-Secret': own.secret }, form };
  assert.equal((await client.send('POST', path, header)).status, 200);
  assert.equal(await sizeOf('forged'), 0);
});

test('queues are created, purged and deleted', async () => {
  await fill('temporary.1', 5);
  const form = { JMSDestination: 'temporary.1' };
  // Fields without a meaning are not in the audit log.
  const purged = await client.act('purgeDestination.action', { ...form, note: 'canary-field' });
  assert.deepEqual(JSON.parse(purged.text), { name: 'temporary.1', purgedCount: 5 });
  assert.equal(await sizeOf('temporary.1'), 0);
  assert.equal((await client.act('deleteDestination.action', form)).status, 200);
  assert.equal(await sizeOf('temporary.1'), undefined);
  assert.equal((await client.act('deleteDestination.action', form)).status, 404);
  const wild = await client.act('createDestination.action', { JMSDestination: 'a.>' });
  assert.equal(wild.status, 409);
  const reserved = await client.act('createDestination.action', { JMSDestination: 'amq.x' });
  assert.equal(reserved.status, 403);
  const kind = { JMSDestination: 't', JMSDestinationType: 'exchange' };
  const { status, text } = await client.act('createDestination.action', kind);
  assert.equal(status, 400);
  assert.match(text, /JMSDestinationType is \\"exchange\\"; queue and topic are allowed/);
});

test('a queue with a consumer is not deleted', async () => {
  const consumer = await stomp();
  await consumer.frames(1);
  consumer.send('SUBSCRIBE', { id: 's', destination: '/queue/consumed', receipt: 'a' });
  await consumer.frames(1);
  const form = { JMSDestination: 'consumed' };
  const { status, text } = await client.act('deleteDestination.action', form);
  assert.equal(status, 409);
  assert.match(text, /still has an active subscription/);
  consumer.destroy();
});

test('a list of messages has properties, no bodies, and leaves the messages', async () => {
  await fill('shared.browsed', 3);
  const path = '/admin/api/queues/shared.browsed/messages';
  interface Found {
    readonly messages: readonly {
      readonly sequence: number;
      readonly bodyBytes: number;
      readonly properties: Readonly<Record<string, string>>;
    }[];
    readonly next: number | null;
  }
  const first = await client.json<Found>(`${path}?count=2`);
  assert.deepEqual(
    first.messages.map(({ sequence, bodyBytes, properties }) => [
      sequence,
      bodyBytes,
      properties['note'],
    ]),
    [
      [0, 16, 'n1'],
      [1, 16, 'n2'],
    ],
  );
  const rest = await client.get(`${path}?from=${first.next}`);
  assert.match(rest.text, /"note":"n3"/);
  assert.match(rest.text, /"next":null/);
  assert.ok(!rest.text.includes('canary-of-a-body'));
  assert.equal(await sizeOf('shared.browsed'), 3);
});

test('the authorisation map decides about browsing and actions', async () => {
  const reader = { user: of('reader') };
  const browse = (queue: string) => client.get(`/admin/api/queues/${queue}/messages`, reader);
  assert.equal((await browse('shared.browsed')).status, 200);
  await fill('secret', 1);
  const denied = await browse('secret');
  assert.equal(denied.status, 403);
  assert.match(denied.text, /User reader is not authorized to read from: queue:\/\/secret/);
  const form = { JMSDestination: 'shared.browsed' };
  for (const action of ['purgeDestination.action', 'deleteDestination.action']) {
    const { status, text } = await client.act(action, form, reader);
    assert.equal(status, 403);
    assert.match(text, /User reader is not authorized to remove: queue:\/\/shared\.browsed/);
  }
  const created = await client.act('createDestination.action', { JMSDestination: 'x' }, reader);
  assert.match(created.text, /User reader is not authorized to create: queue:\/\/x/);
  assert.equal(await sizeOf('shared.browsed'), 3);
  assert.equal((await client.get('/admin/xml/queues.jsp', { user: of('nobody') })).status, 200);
});

test('bounds of requests: path, query, body and fields', async () => {
  assert.equal((await client.get(`/admin/api/queues?filter=${'a'.repeat(5000)}`)).status, 414);
  const large = { form: { secret: 'a'.repeat(9000) } };
  assert.equal((await client.send('POST', '/admin/createDestination.action', large)).status, 413);
  const many = Array.from({ length: 40 }, (_, n) => `f${n}=1`).join('&');
  assert.equal((await client.get(`/admin/api/queues?${many}`)).status, 400);
});

test('dead letters are sent to their original destinations again', async () => {
  await fill('shared.work', 2);
  const consumer = await stomp();
  await consumer.frames(1);
  consumer.send('SUBSCRIBE', {
    id: 's',
    destination: '/queue/shared.work',
    ack: 'client-individual',
  });
  for (const { headers } of await consumer.frames(2))
    consumer.send('NACK', { id: headers['ack'] ?? '' });
  await until('they are dead', async () => (await sizeOf('ActiveMQ.DLQ')) === 2);
  consumer.destroy();
  await fill('ActiveMQ.DLQ', 1);
  const form = { JMSDestination: 'ActiveMQ.DLQ' };
  const denied = await client.act('retryMessages.action', form, { user: of('reader') });
  assert.equal(denied.status, 403);
  const { text } = await client.act('retryMessages.action', form);
  assert.deepEqual(JSON.parse(text), { name: 'ActiveMQ.DLQ', sentCount: 2, skippedCount: 1 });
  assert.deepEqual([await sizeOf('ActiveMQ.DLQ'), await sizeOf('shared.work')], [1, 2]);
  const again = await stomp();
  await again.frames(1);
  again.send('SUBSCRIBE', { id: 's', destination: '/queue/shared.work' });
  const frames = await again.frames(2);
  assert.deepEqual(
    frames.map(({ body }) => body),
    ['canary-of-a-body', 'canary-of-a-body'],
  );
  assert.deepEqual(
    frames.map(({ headers }) => headers['note']),
    ['n1', 'n2'],
  );
  for (const { headers } of frames) {
    assert.equal(headers['dlqDeliveryFailureCause'], undefined);
    assert.equal(headers['original-destination'], undefined);
  }
  again.destroy();
});

test('messages are moved to another queue, in order, with what is left of their time to live', async () => {
  await fill('from', 3, { expires: String(Date.now() + 600_000) });
  const form = { JMSDestination: 'from', destination: 'shared.to', count: '2' };
  const denied = await client.act('moveMessages.action', form, { user: of('reader') });
  assert.equal(denied.status, 403);
  assert.match(denied.text, /User reader is not authorized to write to: queue:\/\/shared\.to/);
  const { text } = await client.act('moveMessages.action', form);
  assert.deepEqual(JSON.parse(text), { name: 'from', sentCount: 2, skippedCount: 0 });
  assert.deepEqual([await sizeOf('from'), await sizeOf('shared.to')], [1, 2]);
  interface Moved {
    readonly messages: readonly { expiresAtMs: number; properties: { note: string } }[];
  }
  const path = '/admin/api/queues/shared.to/messages';
  const { messages } = await client.json<Moved>(path);
  assert.deepEqual(
    messages.map(({ properties }) => properties.note),
    ['n1', 'n2'],
  );
  for (const { expiresAtMs } of messages) assert.ok(expiresAtMs > Date.now());
  const same = await client.act('moveMessages.action', { ...form, destination: 'from' });
  assert.equal(same.status, 400);
});

test('every action and browsing is in the audit log, without secrets and bodies', async () => {
  const time = String.raw`\d\d-\d\d-\d{4} \d\d:\d\d:\d\d,\d{3}`;
  const lines = host.auditLines;
  const one = (pattern: string) =>
    assert.ok(
      lines.some((line) => new RegExp(`^INFO \\| ${pattern} at ${time} \\| console$`).test(line)),
      `${pattern}\n${lines.join('\n')}`,
    );
  one(
    String.raw`admin requested /admin/purgeDestination\.action \[secret='\[\*\*\*\*\]' JMSDestination='\[temporary\.1\]' \] from 127\.0\.0\.1`,
  );
  const purged = 'type=Broker,brokerName=b1,destinationType=Queue,destinationName=temporary.1';
  one(String.raw`admin called purge\[\] on org\.apache\.activemq:${purged}`);
  one(String.raw`admin ended purge\[\] on org\.apache\.activemq:${purged}`);
  one(
    String.raw`admin called removeQueue\[temporary\.1\] on org\.apache\.activemq:type=Broker,brokerName=b1`,
  );
  one(
    String.raw`admin ended addQueue\[paged\.1\] on org\.apache\.activemq:type=Broker,brokerName=b1`,
  );
  one(String.raw`reader requested /admin/api/queues/secret/messages \[\] from 127\.0\.0\.1`);
  one(String.raw`reader requested /admin/purgeDestination\.action \[.*\] from 127\.0\.0\.1`);
  one(String.raw`admin ended retryMessages\[1000\] on .*destinationName=ActiveMQ\.DLQ`);
  assert.ok(
    !lines.some((line) => line.includes('reader called')),
    'a refused action is not called',
  );
  const { secret } = await client.json<{ secret: string }>('/admin/api/session');
  const all = lines.join('\n');
  for (const hidden of [secret, password, 'canary-of-a-body', 'canary-field'])
    assert.ok(!all.includes(hidden));
});

test('guesses of passwords are limited as for all protocols, and a user who knows it gets in', async () => {
  const guess = (n: number) => client.get('/admin/api/session', { user: `nobody:wrong ${n}` });
  const statusesOf = async (from: number, count: number) => {
    const replies = await Promise.all(Array.from({ length: count }, (_, n) => guess(from + n)));
    return new Set(replies.map(({ status }) => status));
  };
  assert.deepEqual(await statusesOf(0, 24), new Set([401]));
  // Now only some guesses of this source wait for their check, and the others are refused at once.
  assert.deepEqual(await statusesOf(100, 30), new Set([401, 503]));
  assert.equal((await client.get('/admin/api/session')).status, 200);
});
