import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker, type StompPeer } from '../../../../tests/support/stomp-peer.ts';
import { activeMqOf, configureActiveMq } from '../../../broker/activemq/activemq.ts';
import { defaultConfiguration } from '../../../broker/activemq/configuration.ts';
import type { AuthorisationEntry } from '../../../broker/activemq/rights/authorisation.ts';

const groups = {
  r: ['readers'],
  w: ['writers'],
  a: ['creators'],
} as const;

/** An entry by the permissions that it gives. */
function entry(kind: 'queue' | 'topic', name: string, rights: string): AuthorisationEntry {
  const of = (right: keyof typeof groups) => (rights.includes(right) ? groups[right] : []);
  return { kind, name, read: of('r'), write: of('w'), admin: of('a') };
}

/** A broker on which eve may read and write but not create, and bob may do everything. */
async function open(
  entries: AuthorisationEntry[],
  isTemporaryDenied = false,
  before?: StompBroker,
  hasStatistics = false,
) {
  const b = await StompBroker.open({}, before);
  const all = [{ kind: 'queue', name: '>' } as const, { kind: 'topic', name: '>' } as const];
  const own = { read: ['own'], write: ['own'], admin: ['own'] };
  configureActiveMq(b.broker, {
    ...defaultConfiguration,
    hasStatistics,
    authorisation: {
      entries: [...entries, ...all.map((each) => ({ ...each, ...own }))],
      temporary: isTemporaryDenied ? own : undefined,
      users: [
        ['bob', ['own']],
        ['eve', ['readers', 'writers', 'creators']],
      ],
    },
  });
  const bob = await b.client();
  const eve = await b.client({ login: 'eve' });
  return { b, bob, eve };
}

/** Waits until requests to the broker itself are answered. */
async function turns(): Promise<void> {
  for (let n = 0; n < 50; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a frame is answered: `ok`, or the message of the error. */
function answer(peer: StompPeer, command: string, headers: Record<string, string>): string {
  const frames = peer.call(command, { ...headers, receipt: 'r' }, 'x');
  const error = frames.find((frame) => frame.command === 'ERROR');
  if (error !== undefined) {
    assert.equal(peer.isClosed, false, 'the connection stays');
    assert.equal(error.headers['receipt-id'], 'r');
    const { message = '' } = error.headers;
    if (message.startsWith('User ')) assert.equal(error.body, message);
    return message;
  }
  return 'ok';
}

function denied(action: string, destination: string): string {
  return `User eve is not authorized to ${action}: ${destination}`;
}

let subscription = 0;
const send = (peer: StompPeer, destination: string) => answer(peer, 'SEND', { destination });
const subscribe = (peer: StompPeer, destination: string, more: Record<string, string> = {}) =>
  answer(peer, 'SUBSCRIBE', { destination, id: String(++subscription), ...more });

test('sending needs write permission; consuming and browsing need read permission', async () => {
  const { bob, eve } = await open([
    entry('queue', 'IN', 'w'),
    entry('queue', 'OUT', 'r'),
    entry('topic', 'IN', 'w'),
    entry('topic', 'OUT', 'r'),
  ]);
  for (const name of ['IN', 'OUT', 'NONE']) {
    assert.equal(send(bob, `/queue/${name}`), 'ok');
    assert.equal(send(bob, `/topic/${name}`), 'ok');
  }
  for (const kind of ['queue', 'topic']) {
    assert.equal(send(eve, `/${kind}/IN`), 'ok');
    assert.equal(send(eve, `/${kind}/OUT`), denied('write to', `${kind}://OUT`));
    assert.equal(send(eve, `/${kind}/NONE`), denied('write to', `${kind}://NONE`));
    assert.equal(subscribe(eve, `/${kind}/IN`), denied('read from', `${kind}://IN`));
    assert.equal(subscribe(eve, `/${kind}/NONE`), denied('read from', `${kind}://NONE`));
  }
  assert.equal(subscribe(eve, '/queue/IN', { browser: 'true' }), denied('read from', 'queue://IN'));
  assert.equal(subscribe(eve, '/queue/OUT', { browser: 'true' }), 'ok');
  assert.equal(subscribe(eve, '/queue/OUT'), 'ok');
  assert.equal(subscribe(eve, '/topic/OUT'), 'ok');
});

test('creating a destination needs admin permission, and a refusal creates nothing', async () => {
  const { b, bob, eve } = await open([
    entry('queue', '*', 'rw'),
    entry('topic', '*', 'rw'),
    entry('queue', 'OWN.>', 'rwa'),
    entry('topic', 'OWN.>', 'rwa'),
  ]);
  for (const kind of ['queue', 'topic']) {
    const refused = denied('create', `${kind}://Q`);
    assert.equal(send(eve, `/${kind}/Q`), refused);
    assert.equal(subscribe(eve, `/${kind}/Q`), refused);
    assert.equal(send(eve, `/${kind}/Q`), refused, 'a refusal is not remembered as a use');
    assert.equal(send(eve, `/${kind}/OWN.1`), 'ok');
    assert.equal(subscribe(eve, `/${kind}/OWN.2`), 'ok');
    assert.equal(send(bob, `/${kind}/Q`), 'ok');
    assert.equal(send(eve, `/${kind}/Q`), 'ok');
    assert.equal(subscribe(eve, `/${kind}/Q`), 'ok');
  }
  assert.equal(subscribe(eve, '/queue/R', { browser: 'true' }), denied('create', 'queue://R'));
  assert.equal(b.ready('R'), undefined);
});

test('a composite destination is denied as a whole if one part is denied', async () => {
  const { b, bob, eve } = await open([entry('queue', 'A', 'rwa'), entry('topic', 'A', 'rwa')]);
  send(bob, '/queue/B');
  assert.equal(send(eve, '/queue/A,/queue/B'), denied('write to', 'A,B'));
  assert.equal(send(eve, '/queue/A,/topic/B'), denied('write to', 'A,topic://B'));
  assert.equal(subscribe(eve, '/queue/A,/queue/B'), denied('read from', 'A,B'));
  assert.equal(b.ready('A') ?? 0, 0);
  assert.equal(b.ready('B'), 1);
  assert.equal(send(eve, '/queue/A,/topic/A'), 'ok');
  assert.equal(b.ready('A'), 1);
});

test('a transaction with a denied message cannot be committed', async () => {
  const { b, eve } = await open([entry('queue', 'A', 'rwa')]);
  eve.call('BEGIN', { transaction: 't' });
  const message = (destination: string) => answer(eve, 'SEND', { destination, transaction: 't' });
  assert.equal(message('/queue/A'), 'ok');
  assert.equal(message('/queue/B'), denied('write to', 'queue://B'));
  assert.notEqual(answer(eve, 'COMMIT', { transaction: 't' }), 'ok');
  assert.equal(b.ready('A'), 0);
});

test('a wildcard subscription needs one entry that covers it', async () => {
  const { bob, eve } = await open([entry('queue', 'A.>', 'r'), entry('topic', 'A.*', 'r')]);
  send(bob, '/queue/A.1');
  send(bob, '/queue/B.1');
  assert.equal(subscribe(eve, '/queue/>'), denied('read from', 'queue://>'));
  assert.equal(subscribe(eve, '/queue/*.1'), denied('read from', 'queue://*.1'));
  assert.equal(subscribe(eve, '/topic/A.>'), denied('read from', 'topic://A.>'));
  assert.equal(subscribe(eve, '/topic/>'), denied('read from', 'topic://>'));
  assert.equal(subscribe(eve, '/topic/A.*'), 'ok');
  const frames = eve.call('SUBSCRIBE', { id: 'w', destination: '/queue/A.>' });
  assert.deepEqual(
    frames.map(({ headers }) => headers['destination']),
    ['/queue/A.1'],
  );
});

test('a virtual topic needs write permission on the topic; its queues need read and admin', async () => {
  const { b, bob, eve } = await open([
    entry('topic', 'VirtualTopic.T', 'wa'),
    entry('queue', 'Consumer.E.>', 'ra'),
  ]);
  assert.equal(subscribe(eve, '/queue/Consumer.E.VirtualTopic.T', { ack: 'client' }), 'ok');
  assert.equal(subscribe(bob, '/queue/Consumer.B.VirtualTopic.T', { ack: 'client' }), 'ok');
  const other = '/queue/Consumer.B.VirtualTopic.T';
  assert.equal(subscribe(eve, other), denied('read from', other.replace('/queue/', 'queue://')));
  assert.equal(send(eve, '/topic/VirtualTopic.T'), 'ok');
  assert.equal(bob.bodies().length, 1, 'the copies of the broker are not checked');
  assert.equal(b.ready('Consumer.B.VirtualTopic.T'), 0);
});

test('a queue of a virtual topic with wildcards needs read and admin for all names it matches', async () => {
  const { b, eve } = await open([
    entry('queue', 'Consumer.E.>', 'ra'),
    entry('queue', 'Consumer.R.>', 'r'),
    entry('queue', 'Consumer.O.VirtualTopic.T', 'ra'),
  ]);
  assert.equal(subscribe(eve, '/queue/Consumer.E.VirtualTopic.>'), 'ok');
  const other = 'Consumer.R.VirtualTopic.>';
  const refused = denied('create', `queue://${other}`);
  assert.equal(subscribe(eve, `/queue/Consumer.E.VirtualTopic.*,/queue/${other}`), refused);
  assert.equal(b.ready('Consumer.E.VirtualTopic.*'), undefined, 'a refusal creates nothing');
  const wider = 'queue://Consumer.O.VirtualTopic.>';
  assert.equal(subscribe(eve, '/queue/Consumer.O.VirtualTopic.>'), denied('read from', wider));
  assert.equal(send(eve, '/queue/Consumer.E.VirtualTopic.>').startsWith('User eve is not'), true);
});

test('a durable subscription cannot be used without read permission on its topics', async () => {
  const entries = [entry('topic', 'E', 'rwa'), entry('topic', 'N', 'w')];
  const { b } = await open(entries);
  const durable = { 'activemq.subscriptionName': 's', id: 'd' };
  const bob = await b.client({ 'client-id': 'c' });
  assert.equal(answer(bob, 'SUBSCRIBE', { destination: '/topic/N', ...durable }), 'ok');
  bob.call('DISCONNECT', { receipt: '1' });
  b.sync();
  const after = await open(entries, false, b);
  const eve = await after.b.client({ 'client-id': 'c', login: 'eve' });
  const refused = denied('read from', 'topic://N');
  assert.equal(answer(eve, 'UNSUBSCRIBE', durable), refused);
  assert.equal(answer(eve, 'SUBSCRIBE', { destination: '/topic/E', ...durable }), refused);
  assert.equal(answer(eve, 'SUBSCRIBE', { destination: '/topic/N', ...durable }), refused);
  assert.equal(send(eve, '/topic/N'), 'ok', 'its topic exists after a restart');
  const again = { ...durable, 'activemq.subscriptionName': 'own' };
  assert.equal(answer(eve, 'SUBSCRIBE', { destination: '/topic/E', ...again }), 'ok');
  eve.call('UNSUBSCRIBE', { id: 'd' });
  assert.equal(answer(eve, 'UNSUBSCRIBE', again), 'ok');
});

test('temporary destinations follow the temporary entry, and are unrestricted without entries', async () => {
  const free = await open([]);
  assert.equal(subscribe(free.eve, '/temp-queue/mine'), 'ok');
  assert.equal(send(free.eve, '/temp-topic/mine'), 'ok');
  const { b, bob, eve } = await open([entry('queue', 'Q', 'wa')], true);
  const created = subscribe(eve, '/temp-queue/mine');
  assert.match(created, /^User eve is not authorized to create: temp-queue:\/\/ID:/);
  assert.match(send(eve, '/temp-topic/mine'), /not authorized to create: temp-topic:/);
  assert.equal(subscribe(bob, '/temp-queue/bobs'), 'ok');
  subscribe(bob, '/queue/Q');
  bob.call('SEND', { destination: '/queue/Q', 'reply-to': '/temp-queue/bobs' }, '?');
  const name = [...b.broker.vhost('/').queues.keys()].find((each) => each.includes('ID:')) ?? '';
  const remote = `/remote-temp-queue/${name.replace('amq.temporary.', '')}`;
  assert.match(send(eve, remote), /^User eve is not authorized to write to: temp-queue:/);
});

test('the schedule shows and removes only messages that the user may consume', async () => {
  const { b, bob, eve } = await open([
    entry('topic', 'ActiveMQ.Scheduler.>', 'wa'),
    entry('queue', 'open', 'rwa'),
    entry('queue', 'answers', 'rwa'),
  ]);
  for (const name of ['secret', 'open']) {
    const headers = { destination: `/queue/${name}`, AMQ_SCHEDULED_DELAY: '1000' };
    bob.send('SEND', headers, `for ${name}`);
  }
  const schedule = b.broker.schedules.of('/');
  const manage = async (AMQ_SCHEDULER_ACTION: string, more: Record<string, string> = {}) => {
    const destination = '/topic/ActiveMQ.Scheduler.Management';
    eve.send('SEND', { destination, AMQ_SCHEDULER_ACTION, ...more });
    await turns();
  };
  eve.call('SUBSCRIBE', { id: 'r', destination: '/queue/answers' });
  await manage('BROWSE', { 'reply-to': '/queue/answers' });
  assert.deepEqual(eve.bodies(), ['for open']);
  for (const { id } of schedule.page({ fromMs: 0, toMs: Infinity, countMax: 10 }).entries) {
    await manage('REMOVE', { scheduledJobId: `ID:schedule:${id}` });
  }
  assert.equal(schedule.count, 1);
  bob.send('SEND', { destination: '/queue/open', AMQ_SCHEDULED_DELAY: '1000' }, 'again');
  await manage('REMOVEALL');
  assert.equal(schedule.count, 1);
  b.clock.ms += 1000;
  b.broker.tick();
  await turns();
  assert.deepEqual([b.ready('secret'), b.ready('open')], [1, 0]);
});

test('statistics cover only destinations on which the user has a permission', async () => {
  const entries = [
    entry('queue', 'ActiveMQ.Statistics.>', 'w'),
    entry('queue', 'open', 'w'),
    entry('queue', 'answers', 'rwa'),
  ];
  const { bob, eve } = await open(entries, false, undefined, true);
  for (const name of ['secret', 'open']) bob.send('SEND', { destination: `/queue/${name}` }, 'x');
  bob.call('SUBSCRIBE', { id: 's', destination: '/queue/secret', ack: 'client' });
  eve.call('SUBSCRIBE', { id: 'r', destination: '/queue/answers' });
  const end = '.List.End.With.Null';
  for (const what of [`Destination.>${end}`, 'Destination.secret', 'Subscription']) {
    const destination = `/queue/ActiveMQ.Statistics.${what}`;
    eve.send('SEND', { destination, 'reply-to': '/queue/answers', transformation: 'jms-map-json' });
    await turns();
  }
  const bodies = eve.bodies().join();
  assert.match(bodies, /queue:\/\/open/);
  assert.doesNotMatch(bodies, /secret/);
});

test('replaced permissions apply to senders that were permitted before', async () => {
  const { b, eve } = await open([entry('queue', 'IN', 'wa'), entry('topic', 'IN', 'wa')]);
  for (const kind of ['queue', 'topic']) assert.equal(send(eve, `/${kind}/IN`), 'ok');
  const dialect = activeMqOf(b.broker);
  dialect.rights.replace({ entries: [], temporary: undefined, users: [] });
  dialect.vhost.version++;
  for (const kind of ['queue', 'topic']) {
    assert.equal(send(eve, `/${kind}/IN`), denied('write to', `${kind}://IN`));
  }
});
