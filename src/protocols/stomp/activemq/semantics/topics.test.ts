import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker } from '../../../../../tests/support/stomp-peer.ts';
import { activeMqOf } from '../../../../broker/activemq/activemq.ts';
import {
  type ActiveMqSettings,
  type DestinationPolicy,
  defaultPolicy,
  defaultSettings,
} from '../../../../broker/activemq/policies/destination-policy.ts';
import {
  recoveredBytesMax,
  recoveredCountMax,
} from '../../../../broker/activemq/recovery/retroactive-consumers.ts';
import type { Address } from '../../../../broker/conversion/properties.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
async function turns(count = 20): Promise<void> {
  for (let n = 0; n < count; n++) await turn();
}

/** Gives topics whose names begin with a word a policy each. */
function policies(
  b: StompBroker,
  byWord: Readonly<Record<string, Partial<DestinationPolicy>>>,
  more: Partial<ActiveMqSettings> = {},
): void {
  const policyOf = ({ name }: { name: string }) => ({
    ...defaultPolicy,
    ...byWord[name.split('.')[0] ?? ''],
  });
  const keepsForRetroactive = true;
  activeMqOf(b.broker).configure({ ...defaultSettings, policyOf, keepsForRetroactive, ...more });
}

const everything = { countMax: Infinity, bytesMax: Infinity, ageMsMax: Infinity };
const retroactive = { id: 's', 'activemq.retroactive': 'true' };

test('a retroactive consumer first gets the retained messages in order of arrival', async () => {
  const b = await StompBroker.open();
  policies(b, {
    last: { recovery: { ...everything, countMax: 1 } },
    three: { recovery: { ...everything, countMax: 3 } },
    recent: { recovery: { ...everything, ageMsMax: 1000 } },
    small: { recovery: { ...everything, bytesMax: 2500 } },
    always: { recovery: everything, isAlwaysRetroactive: true },
  });
  const sender = await b.client();
  for (let n = 0; n < 5; n++) {
    for (const word of ['last', 'three', 'recent', 'small', 'always', 'nothing']) {
      const body = word === 'small' ? `${n}${'x'.repeat(600)}` : String(n);
      sender.send('SEND', { destination: `/topic/${word}.${n % 2}`, n: String(n) }, body);
    }
    b.clock.ms += 400;
  }
  const bodies = async (destination: string, headers: Readonly<Record<string, string>>) => {
    const peer = await b.client();
    return peer
      .call('SUBSCRIBE', { ...headers, destination })
      .map(({ body }) => body.replaceAll('x', ''));
  };
  assert.deepEqual(await bodies('/topic/last.0', retroactive), ['4']);
  assert.deepEqual(await bodies('/topic/last.*', retroactive), ['3', '4']);
  assert.deepEqual(await bodies('/topic/last.0', { id: 's' }), [], 'it does not ask for it');
  assert.deepEqual(await bodies('/topic/three.>', retroactive), ['0', '1', '2', '3', '4']);
  assert.deepEqual(await bodies('/topic/three.0', { ...retroactive, selector: 'n > 1' }), [
    '2',
    '4',
  ]);
  assert.deepEqual(await bodies('/topic/recent.*', retroactive), ['3', '4']);
  assert.deepEqual(await bodies('/topic/small.0', retroactive), ['2', '4']);
  assert.deepEqual(await bodies('/topic/always.1', { id: 's' }), ['1', '3']);
  assert.deepEqual(await bodies('/topic/nothing.1', retroactive), []);
});

test('transactional sends are retained on commit, and expired messages are not recovered', async () => {
  const b = await StompBroker.open();
  policies(b, { T: { recovery: everything } });
  const sender = await b.client();
  for (const [id, end] of [
    ['aborted', 'ABORT'],
    ['committed', 'COMMIT'],
  ] as const) {
    sender.send('BEGIN', { transaction: id });
    sender.send('SEND', { destination: '/topic/T', transaction: id }, id);
    sender.send(end, { transaction: id });
  }
  const expires = String(b.clock.ms + 10);
  sender.send('SEND', { destination: '/topic/T', expires }, 'expired');
  b.clock.ms += 11;
  const peer = await b.client();
  const frames = peer.call('SUBSCRIBE', { ...retroactive, destination: '/topic/T' });
  assert.deepEqual(
    frames.map(({ body }) => body),
    ['committed'],
  );
  sender.send('SEND', { destination: '/topic/T' }, 'new');
  assert.deepEqual(peer.bodies(), ['new'], 'each message once');
});

test('a new durable subscription gets retained messages, an existing one only missed messages', async () => {
  const b = await StompBroker.open();
  policies(b, { T: { recovery: everything } });
  const sender = await b.client();
  sender.send('SEND', { destination: '/topic/T', persistent: 'true' }, '1');
  const durable = { ...retroactive, destination: '/topic/T', 'activemq.subscriptionName': 'n' };
  const first = await b.client({ 'client-id': 'c' });
  assert.deepEqual(
    first.call('SUBSCRIBE', durable).map(({ body }) => body),
    ['1'],
  );
  first.connection.ended();
  await turns();
  sender.send('SEND', { destination: '/topic/T', persistent: 'true' }, '2');
  const again = await b.client({ 'client-id': 'c' });
  assert.deepEqual(
    again.call('SUBSCRIBE', durable).map(({ body }) => body),
    ['2'],
  );
});

test('a retroactive consumer gets the newest messages, limited in number and bytes', async () => {
  const b = await StompBroker.open();
  policies(b, { T: { recovery: everything }, L: { recovery: everything } });
  const sender = await b.client();
  for (let n = 0; n < recoveredCountMax + 10; n++) {
    sender.send('SEND', { destination: '/topic/T' }, String(n));
    if (n % 100 === 0) await turns();
  }
  const large = 'x'.repeat(recoveredBytesMax / 4);
  for (let n = 0; n < 5; n++) sender.send('SEND', { destination: '/topic/L' }, large);
  const peer = await b.client();
  const frames = peer.call('SUBSCRIBE', { ...retroactive, destination: '/topic/T' });
  const many = frames.map(({ body }) => body);
  for (let turn = 0; turn < 10; turn++) {
    await turns();
    many.push(...peer.bodies());
  }
  assert.deepEqual(
    [many.length, many[0], many.at(-1)],
    [recoveredCountMax, '10', String(recoveredCountMax + 9)],
  );
  peer.send('SUBSCRIBE', { ...retroactive, id: 'l', destination: '/topic/L' });
  await turns();
  assert.equal(peer.bodies().length, 3, 'with their heads, four are too many bytes');
});

test('the pending messages of a slow topic consumer are limited, and older ones are dropped', async () => {
  const b = await StompBroker.open();
  policies(b, {
    constant: { pendingLimit: { countMax: 2, prefetchFactor: undefined } },
    factor: { pendingLimit: { countMax: Infinity, prefetchFactor: 2 } },
    none: { pendingLimit: { countMax: 0, prefetchFactor: undefined } },
  });
  const sender = await b.client();
  const received = async (topic: string, headers: Readonly<Record<string, string>> = {}) => {
    const peer = await b.client();
    const window = { ack: 'client-individual', 'activemq.prefetchSize': '3' };
    const destination = `/topic/${topic}`;
    peer.call('SUBSCRIBE', { id: 's', destination, ...window, ...headers });
    for (let n = 0; n < 20; n++) sender.send('SEND', { destination }, String(n));
    const bodies: string[] = [];
    for (let frames = peer.take(); frames.length > 0; frames = peer.take()) {
      for (const frame of frames) {
        bodies.push(frame.body);
        peer.send('ACK', { id: frame.headers['ack'] ?? '' });
      }
    }
    peer.connection.ended();
    return bodies.join(' ');
  };
  const limit = (count: number) => ({ 'activemq.maximumPendingMessageLimit': String(count) });
  assert.equal(await received('constant'), '0 1 2 18 19');
  assert.equal(await received('factor'), '0 1 2 14 15 16 17 18 19');
  assert.equal(await received('none'), '0 1 2');
  assert.equal(await received('constant', limit(1)), '0 1 2 19', 'the lower limit');
  assert.equal(await received('constant', limit(5)), '0 1 2 18 19');
  assert.equal(await received('other', limit(4)), '0 1 2 16 17 18 19');
  assert.equal((await received('other')).split(' ').length, 20, 'no limit');
  await turns();
  assert.equal(b.ready('ActiveMQ.DLQ'), 0);
});

test('a mirrored queue also sends its messages to a topic', async () => {
  const b = await StompBroker.open();
  const mirrorOf = (queue: string) => (queue === 'q' ? `VirtualTopic.Mirror.${queue}` : undefined);
  const mirror = { kind: 'topic', name: 'VirtualTopic.Mirror.q' } as const;
  const topicsOf = ({ name }: Address) => (name === 'q' ? [mirror] : []);
  policies(b, {}, { mirrorOf, topicsOf });
  const peer = await b.client();
  const topic = '/topic/VirtualTopic.Mirror.q';
  for (const n of ['1', '2']) {
    peer.call('SUBSCRIBE', { id: n, destination: topic, selector: `n = ${n}` });
  }
  peer.call('SUBSCRIBE', { id: 'v', destination: '/queue/Consumer.V.VirtualTopic.Mirror.q' });
  const seen = () =>
    peer.take().map(({ headers }) => `${headers['subscription']} ${headers['destination']}`);
  const both = [`2 ${topic}`, 'v /queue/Consumer.V.VirtualTopic.Mirror.q'];
  peer.send('SEND', { destination: '/queue/q', n: '2', persistent: 'true' }, 'x');
  assert.deepEqual(seen().toSorted(), both);
  peer.send('SEND', { destination: '/queue/other', n: '2' }, 'x');
  assert.deepEqual(seen(), []);
  peer.send('SEND', { destination: '/queue/q', n: '2', AMQ_SCHEDULED_DELAY: '10' }, 'later');
  assert.deepEqual(seen(), []);
  b.clock.ms += 10;
  b.broker.tick();
  assert.deepEqual(seen().toSorted(), both);
  assert.equal(b.ready('q'), 2);
});

test('unused queues are deleted after a time, and others are kept', async () => {
  const b = await StompBroker.open();
  const removed: string[] = [];
  const inactive = { inactiveMsMax: 1000 };
  policies(b, { gc: inactive, Consumer: inactive, ActiveMQ: inactive }, { sweepMs: 500 });
  activeMqOf(b.broker).onInactiveRemoved = ({ name }, ms) => removed.push(`${name} ${ms}`);
  const [peer, reader] = [await b.client(), await b.client()];
  const names = ['gc.empty', 'gc.full', 'gc.read', 'kept', 'gc.touched'];
  for (const name of names) {
    peer.call('SUBSCRIBE', { id: name, destination: `/queue/${name}` });
    peer.call('UNSUBSCRIBE', { id: name });
  }
  peer.call('SUBSCRIBE', { id: 'd', destination: '/topic/gc', 'activemq.subscriptionName': 'x' });
  peer.send('SEND', { destination: '/queue/gc.full' }, 'm');
  reader.call('SUBSCRIBE', { id: 's', destination: '/queue/gc.read' });
  const sweep = async () => {
    b.clock.ms += 500;
    b.broker.tick();
    await turns();
  };
  await sweep();
  await sweep();
  reader.call('SUBSCRIBE', { id: 't', destination: '/queue/gc.touched' });
  peer.call('SEND', { destination: '/queue/gc.touched' }, 'm');
  reader.call('UNSUBSCRIBE', { id: 't' });
  await sweep();
  assert.deepEqual(removed, ['gc.empty 1000']);
  await sweep();
  await sweep();
  await sweep();
  assert.deepEqual(removed, ['gc.empty 1000', 'gc.touched 1000']);
  assert.deepEqual([b.ready('gc.full'), b.ready('gc.read'), b.ready('kept')], [1, 0, 0]);
  assert.equal(b.ready('ActiveMQ.DLQ'), 0, 'the dead-letter queue stays');
  peer.send('SEND', { destination: '/queue/gc.empty' }, 'again');
  assert.equal(b.ready('gc.empty'), 1, 'it is created again when it is used');
});

test('unused topics are removed after a time, and others are kept', async () => {
  const b = await StompBroker.open();
  const removed: string[] = [];
  const gc = { inactiveMsMax: 1000 };
  const recovering = { ...gc, recovery: { ...everything, ageMsMax: 3000 } };
  policies(b, { gc, recent: recovering }, { sweepMs: 500 });
  const core = activeMqOf(b.broker);
  core.onInactiveRemoved = ({ kind, name }, ms) => removed.push(`${kind} ${name} ${ms}`);
  const [peer, reader] = [await b.client({ 'client-id': 'c' }), await b.client()];
  const names = ['gc.unread', 'gc.read', 'gc.wild.card', 'gc.durable', 'gc.sent', 'recent', 'kept'];
  const send = (name: string) => peer.call('SEND', { destination: `/topic/${name}` }, 'm');
  for (const name of names) send(name);
  reader.call('SUBSCRIBE', { id: 'r', destination: '/topic/gc.read' });
  reader.call('SUBSCRIBE', { id: 'w', destination: '/topic/gc.wild.>' });
  const durable = { destination: '/topic/gc.durable', 'activemq.subscriptionName': 'n' };
  peer.call('SUBSCRIBE', { id: 'd', ...durable });
  peer.call('UNSUBSCRIBE', { id: 'd' });
  const sweep = async (count: number) => {
    for (let n = 0; n < count; n++) {
      b.clock.ms += 500;
      b.broker.tick();
      await turns();
    }
  };
  const known = () => [...core.advising.topics.keys()].filter((name) => names.includes(name));
  await sweep(2);
  send('gc.sent');
  await sweep(1);
  assert.deepEqual(removed, ['topic gc.unread 1000']);
  await sweep(3);
  assert.deepEqual(removed.slice(1), ['topic gc.sent 1000']);
  reader.call('UNSUBSCRIBE', { id: 'r' });
  await sweep(4);
  assert.deepEqual(removed.slice(2).toSorted(), ['topic gc.read 1000', 'topic recent 1000']);
  assert.deepEqual(known(), ['gc.wild.card', 'gc.durable', 'kept']);
  send('gc.unread');
  assert.deepEqual(known().at(-1), 'gc.unread', 'it exists again for a sender that knew it');
  peer.call('UNSUBSCRIBE', { id: 'd', 'activemq.subscriptionName': 'n' });
  reader.connection.ended();
  await sweep(4);
  assert.deepEqual(known(), ['kept']);
});

test('a durable subscription is deleted when its client is offline for too long', async () => {
  const b = await StompBroker.open();
  policies(b, {}, { offlineMsMax: 1000, offlineSweepMs: 100 });
  const subscribe = async (client: string) => {
    const peer = await b.client({ 'client-id': client });
    const durable = { id: 's', destination: '/topic/T', 'activemq.subscriptionName': 'n' };
    return { peer, frames: peer.call('SUBSCRIBE', durable) };
  };
  const [online, offline] = [await subscribe('online'), await subscribe('offline')];
  b.clock.ms += 5000;
  offline.peer.connection.ended();
  await turns();
  const sender = await b.client();
  sender.send('SEND', { destination: '/topic/T', persistent: 'true' }, 'm');
  for (let n = 0; n < 9; n++) {
    b.clock.ms += 100;
    b.broker.tick();
    await turns(2);
  }
  const back = await subscribe('offline');
  assert.deepEqual(
    back.frames.map(({ body }) => body),
    ['m'],
    'it was not offline long enough',
  );
  back.peer.connection.ended();
  await turns();
  sender.send('SEND', { destination: '/topic/T', persistent: 'true' }, 'late');
  b.clock.ms += 1100;
  b.broker.tick();
  await turns();
  assert.deepEqual((await subscribe('offline')).frames, [], 'it is a new subscription');
  assert.deepEqual(online.peer.bodies(), ['m', 'late']);
});

test('without space, sends block, or are rejected at once or after a timeout', async () => {
  for (const afterMs of [undefined, 0, 1000]) {
    const b = await StompBroker.open();
    policies(b, {}, { refusesSendsAfterMs: afterMs });
    const peer = await b.client();
    const send = { destination: '/queue/q', receipt: 'r' };
    const command = () => peer.call('SEND', send, 'x')[0];
    assert.equal(command()?.command, 'RECEIPT');
    b.broker.flow.block('disk');
    assert.equal(peer.isPaused, afterMs !== 0, `${afterMs}`);
    b.clock.ms += 1000;
    b.broker.tick();
    assert.equal(peer.isPaused, afterMs === undefined, `${afterMs}`);
    if (afterMs !== undefined) {
      const error = command();
      assert.equal(error?.headers['receipt-id'], 'r');
      assert.match(error?.body ?? '', /^javax\.jms\.ResourceAllocationException: Usage Manager/);
      const other = await b.client();
      assert.equal(other.call('SEND', send, 'x')[0]?.command, 'ERROR');
      assert.equal(other.isPaused, false);
    }
    b.broker.flow.unblock('disk');
    assert.equal(peer.isPaused, false);
    assert.equal(command()?.command, 'RECEIPT');
    assert.equal(b.ready('q'), 2);
  }
});

test('a large recovery takes several turns, and no message comes twice', async () => {
  const b = await StompBroker.open({ workUnitsMax: 64 });
  policies(b, { T: { recovery: everything } });
  const sender = await b.client();
  for (let n = 0; n < 400; n++) {
    sender.send('SEND', { destination: '/topic/T', n: String(n % 2) }, String(n));
    if (n % 50 === 49) await turns();
  }
  const peer = await b.client();
  const first = peer.call('SUBSCRIBE', {
    ...retroactive,
    destination: '/topic/T',
    selector: 'n = 1',
  });
  assert.ok(first.length < 100, `${first.length} messages at once`);
  sender.send('SEND', { destination: '/topic/T', n: '1' }, 'new');
  await turns(200);
  const bodies = [...first.map(({ body }) => body), ...peer.bodies()];
  const odd = Array.from({ length: 200 }, (_, n) => String(2 * n + 1));
  assert.deepEqual(
    bodies.filter((body) => body !== 'new'),
    odd,
  );
  assert.equal(bodies.filter((body) => body === 'new').length, 1);
});
