import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker, type StompPeer } from '../../../../../tests/support/stomp-peer.ts';
import { activeMqOf, configureActiveMq } from '../../../../broker/activemq/activemq.ts';
import { defaultConfiguration } from '../../../../broker/activemq/configuration.ts';
import {
  defaultPolicy,
  defaultSettings,
} from '../../../../broker/activemq/policies/destination-policy.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
async function turns(count = 30): Promise<void> {
  for (let n = 0; n < count; n++) await turn();
}

async function pass(b: StompBroker, ms: number): Promise<void> {
  b.clock.ms += ms;
  b.broker.tick();
  await turns(2);
}

const delay = (ms: number) => ({ AMQ_SCHEDULED_DELAY: String(ms) });
const management = '/topic/ActiveMQ.Scheduler.Management';

/** Sends a request to the schedule. */
async function manage(peer: StompPeer, headers: Readonly<Record<string, string>>): Promise<void> {
  peer.send('SEND', { destination: management, ...headers });
  await turns();
}

test('a delayed message gets its RECEIPT once it is durable and is delivered when due', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  peer.send('SEND', { destination: '/queue/q', receipt: 'r', n: '1', ...delay(1000) }, 'm');
  assert.deepEqual(peer.take(), [], 'it is durable, whatever its delivery mode');
  b.sync();
  assert.equal(peer.take()[0]?.headers['receipt-id'], 'r');
  await pass(b, 999);
  assert.deepEqual(peer.take(), []);
  await pass(b, 1);
  const [frame] = peer.take();
  assert.equal(frame?.body, 'm');
  assert.equal(frame?.headers['n'], '1');
  assert.equal(frame?.headers['AMQ_SCHEDULED_DELAY'], undefined);
  assert.match(frame?.headers['scheduledJobId'] ?? '', /^ID:schedule:\d+$/);
  const again = { destination: '/queue/q', ...delay(1000), scheduledJobId: 'x' };
  peer.send('SEND', again, 'at once');
  assert.deepEqual(peer.bodies(), ['at once'], 'what was scheduled is not scheduled again');
});

test('the headers CC and BCC of a delayed message are those of its application', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  const headers = { destination: '/queue/q', CC: 'x', BCC: 'y', ...delay(10) };
  peer.send('SEND', headers, 'm');
  b.sync();
  await pass(b, 10);
  const [frame] = peer.take();
  assert.deepEqual([frame?.body, frame?.headers['CC'], frame?.headers['BCC']], ['m', 'x', 'y']);
});

test('a message due during a crash is delivered once afterwards, and its queue is recreated', async () => {
  const first = await StompBroker.open();
  const peer = await first.client();
  peer.send('SEND', { destination: '/queue/q', expires: '0', ...delay(1000) }, 'once');
  const repeat = { AMQ_SCHEDULED_PERIOD: '1000', AMQ_SCHEDULED_REPEAT: '9' };
  peer.send('SEND', { destination: '/queue/r', ...repeat }, 'repeated');
  first.broker.vhost('/').deleteQueue('q', undefined, { ifUnused: false, ifEmpty: false });
  first.sync();
  first.clock.ms += 5500;
  const b = await StompBroker.open({}, first);
  await b.client();
  await pass(b, 0);
  assert.deepEqual([b.ready('q'), b.ready('r')], [1, 1]);
  b.sync();
  const after = await StompBroker.open({}, b);
  await pass(after, 0);
  assert.equal(after.ready('q'), 0, 'it was not persistent, and was delivered once');
  await pass(after, 500);
  assert.equal(after.ready('r'), 1);
});

test('each delivery of a repeated message has its own id; a single delivery keeps the id', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const ids: string[] = [];
  const send = { destination: '/queue/q' };
  peer.send('SEND', send, 'm');
  const [plain] = peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  const prefix = (plain?.headers['message-id'] ?? '').replace(/\d+$/, '');
  peer.send('SEND', { ...send, ...delay(10), AMQ_SCHEDULED_REPEAT: '2' }, 'r');
  peer.send('SEND', { ...send, ...delay(10) }, 'once');
  for (let n = 0; n < 5; n++) {
    await pass(b, 10);
    for (const { headers } of peer.take()) ids.push(headers['message-id'] ?? '');
  }
  assert.equal(ids.length, 4);
  assert.equal(new Set(ids).size, 4);
  assert.equal(ids.filter((id) => id.startsWith(prefix)).length, 1);
});

test('a cron entry delivers at each match', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 's', destination: '/topic/T' });
  const start = Math.ceil(b.clock.ms / 60_000) * 60_000;
  b.clock.ms = start;
  b.broker.tick();
  peer.send('SEND', { destination: '/topic/T', AMQ_SCHEDULED_CRON: '* * * * *' }, 'm');
  const counts: number[] = [];
  for (const ms of [59_999, 1, 60_000, 59_999, 1]) {
    await pass(b, ms);
    counts.push(peer.bodies().length);
  }
  assert.deepEqual(counts, [0, 1, 1, 0, 1]);
});

test('invalid values are rejected with the exception classes of ActiveMQ', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const refused = (headers: Readonly<Record<string, string>>) =>
    peer.call('SEND', { destination: '/queue/q', ...headers })[0]?.body ?? '';
  assert.match(
    refused({ ...delay(1), AMQ_SCHEDULED_REPEAT: '1001' }),
    /^javax\.jms\.MessageFormatException: The scheduled repeat value is too large/,
  );
  assert.match(
    refused({ AMQ_SCHEDULED_CRON: '61 * * * *' }),
    /^java\.lang\.IllegalArgumentException: Not a valid cron entry/,
  );
  assert.match(refused({ AMQ_SCHEDULED_DELAY: '-5' }), /AMQ_SCHEDULED_DELAY is '-5'/);
  assert.match(refused({ AMQ_SCHEDULED_PERIOD: 'soon' }), /AMQ_SCHEDULED_PERIOD is 'soon'/);
  assert.equal(b.broker.schedules.of('/').count, 0);
  activeMqOf(b.broker).configure({ ...defaultSettings, scheduledRepeatCountMax: 2000 });
  assert.equal(refused({ ...delay(1000), AMQ_SCHEDULED_REPEAT: '2000' }), '');
  activeMqOf(b.broker).configure({ ...defaultSettings, hasScheduler: false });
  assert.equal(refused({ ...delay(1000) }), '', 'without a scheduler it is an ordinary header');
  assert.equal(b.ready('q'), 1);
});

test('a message in a transaction is scheduled only by the commit', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const schedule = b.broker.schedules.of('/');
  for (const end of ['ABORT', 'COMMIT']) {
    peer.send('BEGIN', { transaction: 't' });
    peer.send('SEND', { destination: '/queue/q', transaction: 't', ...delay(1000) }, 'm');
    assert.equal(schedule.count, 0);
    peer.send(end, { transaction: 't' });
  }
  assert.equal(schedule.count, 1);
  await pass(b, 1000);
  assert.equal(b.ready('q'), 1);
});

test('a scheduled topic message goes to the matching subscribers at delivery time', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.send('SEND', { destination: '/topic/T', n: '5', ...delay(1000) }, 'm');
  for (const n of ['4', '5']) {
    peer.call('SUBSCRIBE', { id: n, destination: '/topic/>', selector: `n = ${n}` });
  }
  await pass(b, 1000);
  assert.deepEqual(
    peer.take().map(({ headers }) => headers['subscription']),
    ['5'],
  );
});

test('the time to live of a scheduled message starts at its delivery', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const expires = String(b.clock.ms + 500);
  peer.send('SEND', { destination: '/queue/q', expires, ...delay(1000) }, 'm');
  await pass(b, 1000);
  assert.equal(b.ready('q'), 1);
  await pass(b, 501);
  assert.equal(b.ready('q'), 0);
});

test('the schedule is listed to a reply address, and removed entries are not delivered', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  for (const ms of [1000, 2000, 3000]) {
    peer.send('SEND', { destination: '/queue/q', type: 't', ...delay(ms) }, String(ms));
  }
  peer.call('SUBSCRIBE', { id: 'r', destination: '/temp-queue/r' });
  const browse = { AMQ_SCHEDULER_ACTION: 'BROWSE', 'reply-to': '/temp-queue/r' };
  await manage(peer, browse);
  const frames = peer.take();
  assert.deepEqual(
    frames.map(({ headers, body }) => [body, headers['AMQ_SCHEDULED_DELAY'], headers['type']]),
    ['1000', '2000', '3000'].map((ms) => [ms, ms, 'Advisory']),
  );
  assert.equal(frames[0]?.headers['originalDestination'], 'queue://q');
  const range = {
    ACTION_START_TIME: String(b.clock.ms + 1500),
    ACTION_END_TIME: String(b.clock.ms + 2500),
  };
  await manage(peer, { ...browse, ...range });
  assert.deepEqual(peer.bodies(), ['2000']);
  const scheduledJobId = frames[0]?.headers['scheduledJobId'] ?? '';
  await manage(peer, { AMQ_SCHEDULER_ACTION: 'REMOVE', scheduledJobId });
  await manage(peer, { AMQ_SCHEDULER_ACTION: 'REMOVE', scheduledJobId: 'nonsense' });
  await manage(peer, { AMQ_SCHEDULER_ACTION: 'REMOVEALL', ...range });
  b.sync();
  const after = await StompBroker.open({}, b);
  await pass(after, 10_000);
  assert.equal(after.broker.schedules.of('/').count, 0);
  const other = await after.client();
  const reader = other.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  assert.deepEqual(
    reader.map(({ body }) => body),
    ['3000'],
  );
  await manage(other, { ...delay(1) });
  assert.match(other.take()[0]?.headers['message'] ?? '', /no AMQ_SCHEDULER_ACTION/);
});

test('large schedule requests take several turns, and concurrent requests are limited', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  for (let n = 0; n < 100; n++) {
    peer.send('SEND', { destination: '/queue/q', ...delay(1000) }, String(n));
  }
  peer.call('SUBSCRIBE', { id: 'r', destination: '/temp-queue/r' });
  const browse = { AMQ_SCHEDULER_ACTION: 'BROWSE', 'reply-to': '/temp-queue/r' };
  for (let n = 0; n < 20; n++) peer.send('SEND', { destination: management, ...browse });
  const refused = peer.take().filter(({ command }) => command === 'ERROR');
  assert.equal(refused.length, 4);
  assert.match(refused[0]?.headers['message'] ?? '', /more than 16 requests/);
  await turns(2000);
  assert.equal(peer.bodies().length, 1600);
  await manage(peer, { AMQ_SCHEDULER_ACTION: 'REMOVEALL' });
  assert.equal(b.broker.schedules.of('/').count, 0);
});

test('a reply is sent only to destinations that the requester may send to', async () => {
  const b = await StompBroker.open();
  const own = { read: ['own'], write: ['own'], admin: ['own'] };
  configureActiveMq(b.broker, {
    ...defaultConfiguration,
    authorisation: {
      entries: [
        { kind: 'topic', name: 'ActiveMQ.>', ...own, write: ['all'], admin: ['all'] },
        { kind: 'queue', name: '>', ...own },
      ],
      temporary: undefined,
      users: [
        ['bob', ['own', 'all']],
        ['eve', ['all']],
      ],
    },
  });
  const bob = await b.client();
  bob.send('SEND', { destination: '/queue/q', ...delay(1000) }, 'm');
  const eve = await b.client({ login: 'eve' });
  await manage(eve, { AMQ_SCHEDULER_ACTION: 'BROWSE', 'reply-to': '/queue/secret' });
  assert.deepEqual(eve.take(), [], 'she may send the request');
  assert.equal(b.ready('secret'), undefined);
});

test('statistics are sent to the reply address if they are enabled', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const ask = async (name: string) => {
    const destination = `/queue/ActiveMQ.Statistics.${name}`;
    peer.send('SEND', { destination, 'reply-to': '/temp-queue/r', 'correlation-id': name });
    await turns();
    return peer.take().map(({ headers, body }) => {
      assert.equal(headers['correlation-id'], name);
      return JSON.parse(body) as Record<string, unknown>; // a map
    });
  };
  peer.call('SUBSCRIBE', { id: 'r', destination: '/temp-queue/r' });
  assert.deepEqual(await ask('Broker'), []);
  assert.equal(b.ready('ActiveMQ.Statistics.Broker'), 1, 'without the plugin it is a queue');
  activeMqOf(b.broker).configure({
    ...defaultSettings,
    policyOf: () => defaultPolicy,
    hasStatistics: true,
  });
  const later = await b.client();
  for (const name of ['A.1', 'A.2', 'B'])
    later.send('SEND', { destination: `/queue/${name}` }, 'x');
  const statistics = async (name: string) => {
    later.call('SUBSCRIBE', { id: 'r', destination: '/temp-queue/r' });
    const destination = `/queue/ActiveMQ.Statistics.${name}`;
    later.send('SEND', { destination, 'reply-to': '/temp-queue/r' });
    await turns();
    const bodies = later.bodies();
    later.call('UNSUBSCRIBE', { id: 'r' });
    return bodies.map((body) => JSON.parse(body) as Record<string, unknown>); // maps
  };
  const [broker] = await statistics('Broker');
  assert.equal(broker?.['brokerName'], 'b1');
  assert.ok(Number(broker?.['size']) >= 4);
  const one = await statistics('Destination.A.1');
  assert.deepEqual(
    one.map((map) => [map['destinationName'], map['size'], map['enqueueCount']]),
    [['queue://A.1', 1, 1]],
  );
  const many = await statistics('Destination.A.>.List.End.With.Null');
  assert.deepEqual(
    many.map((map) => map['destinationName']),
    ['queue://A.1', 'queue://A.2', undefined],
  );
  peer.call('SUBSCRIBE', { id: 'b', destination: '/queue/B' });
  const subscriptions = await statistics('Subscription');
  assert.deepEqual(
    subscriptions.map((map) => map['destinationName']),
    ['B'],
    'none of temporary destinations',
  );
});
