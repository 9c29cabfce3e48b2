import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect as mqttConnect } from 'mqtt';
import type { Connection, Receiver, Sender } from 'rhea';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { connectRhea } from '../support/rhea-client.ts';
import { StompTlsClient } from '../support/stomp-tls-client.ts';

// A user with rights on `own.>` only, who tries to reach other destinations by every kind of name.

const all = (of: string, groups: string) =>
  `<authorizationEntry ${of} read="${groups}" write="${groups}" admin="${groups}"/>`;
const configuration = `<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>
  ${all('queue="&gt;"', 'admins')}${all('topic="&gt;"', 'admins')}
  ${all('queue="own.&gt;"', 'few')}${all('topic="own.&gt;"', 'few')}
</authorizationEntries></authorizationMap></map></authorizationPlugin><statisticsBrokerPlugin/></plugins>`;
const password = 'a long password';

let host: ActiveMqHost;
let admin: StompTlsClient;
/** The temporary queue of another connection. */
let temporary = '';
/** Every attempt so far that was not refused. */
const reached: string[] = [];

async function stomp(user: string, headers: Record<string, string> = {}): Promise<StompTlsClient> {
  const to = { port: host.portOf('stomp+ssl'), ca: host.authority };
  const client = await StompTlsClient.connect(to, user, password, headers);
  await client.frames(1);
  return client;
}

/** The first answer to a frame, as its command and text. */
async function ask(client: StompTlsClient, command: string, headers: Record<string, string>) {
  client.send(command, { receipt: 'r', ...headers }, command === 'SEND' ? 'text' : '');
  const [answer] = await client.frames(1);
  return `${answer?.command} ${answer?.headers['message'] ?? ''}`;
}

/** Remembers an attempt that was not refused for lack of rights. */
function note(what: string, answer: string): void {
  const refusals = /not authorized|name with wildcards|another connection is not permitted/;
  if (!refusals.test(answer)) reached.push(`${what}: ${answer}`);
}

before(async () => {
  host = await ActiveMqHost.start(configuration, [
    { username: 'admin', groups: ['admins'] },
    { username: 'eve', groups: ['few'] },
  ]);
  admin = await stomp('admin');
  await ask(admin, 'SUBSCRIBE', { id: 't', destination: '/temp-queue/mine' });
  await ask(admin, 'SEND', { destination: '/queue/tell', 'reply-to': '/temp-queue/mine' });
  admin.send('SUBSCRIBE', { id: 'x', destination: '/queue/tell' });
  const [told] = await admin.frames(1);
  temporary = told?.headers['reply-to']?.replace('/remote-temp-queue/', '') ?? '';
  assert.match(temporary, /^ID:/);
});

after(async () => {
  admin.destroy();
  await host.close();
});

test('STOMP: no name leads to another destination', async () => {
  const victim = await stomp('admin', { 'client-id': 'victim' });
  const durable = { destination: '/topic/secret', 'activemq.subscriptionName': 'sub' };
  await ask(victim, 'SUBSCRIBE', { id: 'd', ...durable });
  await ask(victim, 'DISCONNECT', {});
  victim.destroy();
  const eve = await stomp('eve', { 'client-id': 'victim' });
  const names = [
    ...['/queue/secret', '/topic/secret', 'secret', 'queue://secret', '/queue/topic://secret'],
    ...['/queue/own.a,/queue/secret', '/queue/own.a,secret', '/queue/own.a, /topic/secret'],
    ...['/queue/>', '/topic/>', '/queue/*', '/queue/own.a,>', '/topic/own.*,>', '/queue/s*'],
    ...['/topic/ActiveMQ.Advisory.>', '/topic/own.a,/topic/ActiveMQ.Advisory.Connection'],
    ...['/queue/ActiveMQ.DLQ', '/queue/ActiveMQ.Statistics.Broker', '/queue/amq.x', '/topic/amq.>'],
    ...['/topic/ActiveMQ.Scheduler.Management', '/queue/activemq.scheduler.managementX'],
    ...[`/queue/${temporary}`, `/queue/temp-queue://${temporary}`, '/topic/VirtualTopic.x'],
  ];
  for (const [id, destination] of names.entries()) {
    const subscribed = await ask(eve, 'SUBSCRIBE', { id: String(id), destination });
    note(`subscribe ${destination}`, subscribed);
    note(`send ${destination}`, await ask(eve, 'SEND', { destination }));
  }
  const more: [string, string, Record<string, string>][] = [
    ['a foreign queue', 'SUBSCRIBE', { id: 'f', destination: `/remote-temp-queue/${temporary}` }],
    ['a browser', 'SUBSCRIBE', { id: 'b', destination: '/queue/secret', browser: 'true' }],
    ['a schedule', 'SEND', { destination: '/queue/secret', AMQ_SCHEDULED_DELAY: '1' }],
    ['a durable subscription', 'SUBSCRIBE', { id: 'd', ...durable }],
    ['another topic', 'SUBSCRIBE', { id: 'o', ...durable, destination: '/topic/own.t' }],
    ['an unsubscription', 'UNSUBSCRIBE', { id: 'u', ...durable }],
  ];
  for (const [what, command, headers] of more) note(what, await ask(eve, command, headers));
  assert.deepEqual(reached.splice(0), []);
  // What is allowed works.
  assert.equal(await ask(eve, 'SUBSCRIBE', { id: 'own', destination: '/queue/own.>' }), 'RECEIPT ');
  eve.destroy();
});

test('MQTT: filters, topics, wills and sessions of others are refused', async () => {
  const open = async (username: string, more: object) => {
    const to = `mqtts://localhost:${host.portOf('mqtt+ssl')}`;
    const options = { username, password, ca: host.authority, reconnectPeriod: 0 };
    const client = mqttConnect(to, { ...options, protocolVersion: 5, ...more });
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.on('error', reject);
    });
    return client;
  };
  const session = { clientId: 'victim', clean: false, properties: { sessionExpiryInterval: 600 } };
  const victim = await open('admin', session);
  await victim.subscribeAsync('secret', { qos: 1 });
  await victim.endAsync();
  await assert.rejects(open('eve', session), /Not authorized/);
  await assert.rejects(open('eve', { clientId: 'victim', clean: true }), /Not authorized/);
  const will = { topic: 'secret', payload: Buffer.from('will'), qos: 1 as const, retain: true };
  const eve = await open('eve', { clientId: 'eve', will });
  const filters = ['secret', '#', '+', '+/#', '$share/g/secret', 'ActiveMQ/Advisory/#', 'amq/#'];
  for (const filter of filters) {
    const answer = await eve.subscribeAsync(filter, { qos: 1 }).then(() => '', String);
    if (!answer.includes('Not authorized')) reached.push(`subscribe ${filter}: ${answer}`);
  }
  for (const topic of ['secret', 'ActiveMQ/Scheduler/Management', 'VirtualTopic/x']) {
    const sent = eve.publishAsync(topic, 'x', { qos: 1, retain: true });
    const answer = await sent.then(() => '', String);
    if (!answer.includes('Not authorized')) reached.push(`publish ${topic}: ${answer}`);
  }
  assert.deepEqual(reached.splice(0), []);
  eve.stream.destroy();
  const again = await open('admin', session);
  const got: string[] = [];
  const ended = new Promise<void>((resolve) => {
    again.on('message', (_, payload) => {
      got.push(payload.toString());
      if (got.at(-1) === 'the end') resolve();
    });
  });
  await again.publishAsync('secret', 'the end', { qos: 1 });
  await ended;
  assert.deepEqual(got, ['the end'], 'no will, and nothing that was refused');
  await again.endAsync();
});

/** Why a link was refused; an empty text if it was not. */
async function refusal(link: Sender | Receiver): Promise<string> {
  for (const event of ['receiver_error', 'sender_error']) link.on(event, () => {});
  // The answer to a later link comes after the refusal.
  const probe = link.connection.open_receiver({ source: { address: 'queue://own.probe' } });
  await once(probe, 'receiver_open');
  probe.close();
  return String((link.error as { description?: string } | undefined)?.description ?? '');
}

test('AMQP 1.0: addresses, relayed messages and links of others are refused', async () => {
  const open = (username: string): Promise<Connection> =>
    connectRhea(
      { port: host.portOf('amqp+ssl'), ca: host.authority },
      { username, password, container_id: 'victim' },
    );
  const source = { address: 'topic://secret', durable: 2, expiry_policy: 'never' };
  const owner = await open('admin');
  const link = owner.open_receiver({ name: 'sub', source } as object);
  await once(link, 'receiver_open');
  link.detach();
  owner.close();
  await once(owner, 'connection_close');
  const eve = await open('eve');
  const addresses = [
    ...['secret', 'topic://secret', 'own.a,secret', 'queue://own.a,queue://secret', 'queue://>'],
    ...['topic://>', 'queue://own.*,>', 'topic://ActiveMQ.Advisory.>', `temp-queue://${temporary}`],
    ...[`queue://${temporary}`, 'queue://ActiveMQ.DLQ', 'queue://amq.x'],
  ];
  for (const address of addresses) {
    const receiver = eve.open_receiver({ source: { address } } as object);
    note(`receive ${address}`, await refusal(receiver));
    if (address.startsWith('temp')) continue; // anyone may answer a request
    const sender = eve.open_sender({ target: { address } } as object);
    note(`send ${address}`, await refusal(sender));
  }
  for (const of of [source, null]) {
    const receiver = eve.open_receiver({ name: 'sub', source: of } as object);
    note(`the link of another with ${of?.address}`, await refusal(receiver));
  }
  const relay = eve.open_sender({ target: {} } as object);
  await once(relay, 'sendable');
  for (const to of ['queue://secret', 'own.a,secret', 'topic://ActiveMQ.Scheduler.Management']) {
    const sent = relay.send({ to, body: 'x' });
    await once(relay, 'rejected');
    const state = sent.remote_state as { error?: { description?: string } } | undefined;
    note(`relay to ${to}`, String(state?.error?.description));
  }
  assert.deepEqual(reached.splice(0), []);
  eve.close();
  await once(eve, 'connection_close');
});
