import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveMqPeers, policyOf } from '../support/activemq-peers.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import type { StompPeer } from '../support/stomp-peer.ts';

// What is dropped if more messages wait for a consumer of topics than may (ActiveMQ's
// `messageEvictionStrategy`).

type Headers = Readonly<Record<string, string>>;

interface Slow {
  readonly peers: ActiveMqPeers;
  readonly peer: StompPeer;
  /** Sends a message to the topic; the clock of the broker advances, so that timestamps differ. */
  send(body: string, headers?: Headers): void;
  /** The number of messages that wait. */
  waiting(): number;
  /** The bodies of all messages that the consumer gets, once it acknowledges. */
  received(): Promise<string>;
}

/** A consumer of the topic T with a prefetch of one, for which `limit` further messages may wait. */
async function open(
  limit: number,
  strategy: string,
  more = { attributes: '', subscription: {} },
): Promise<Slow> {
  const inside = `<pendingMessageLimitStrategy><constantPendingMessageLimitStrategy limit="${limit}"/></pendingMessageLimitStrategy>
    <messageEvictionStrategy>${strategy}</messageEvictionStrategy>`;
  const peers = await ActiveMqPeers.open(policyOf('topic="&gt;"', more.attributes, inside));
  assert.deepEqual(peers.warnings, []);
  const sender = await peers.stomp();
  const peer = await peers.stomp();
  const window = { ack: 'client-individual', 'activemq.prefetchSize': '1', ...more.subscription };
  peer.send('SUBSCRIBE', { id: 's', destination: '/topic/T', ...window });
  return {
    peers,
    peer,
    send: (body, headers = {}) => {
      sender.send('SEND', { destination: '/topic/T', ...headers }, body);
      peers.b.clock.advance(1);
      peers.b.broker.tick();
    },
    waiting: () => {
      const queues = [...peers.b.broker.vhost('/').queues.values()];
      return queues.reduce((sum, { readyCount }) => sum + readyCount, 0);
    },
    received: async () => {
      await peers.settled();
      const bodies: string[] = [];
      for (let frames = peer.take(); frames.length > 0; frames = peer.take()) {
        for (const { body, headers } of frames) {
          bodies.push(body);
          peer.send('ACK', { id: headers['ack'] ?? '' });
        }
        await peers.settled();
      }
      return bodies.join(' ');
    },
  };
}

const byPriority = '<oldestMessageWithLowestPriorityEvictionStrategy/>';
const byValue = '<uniquePropertyMessageEvictionStrategy propertyName="k"/>';

test('the oldest message of the lowest priority goes first', async () => {
  for (const [sent, received] of [
    ['4a 9b 0c 4d 1e 9f 4g', '4a 9b 9f 4g'],
    ['4a 4b 4c 4d 4e 4f', '4a 4d 4e 4f'],
    // The new message is the one that goes.
    ['0a 9b 9c 9d 0e', '0a 9b 9c 9d'],
  ] as const) {
    const slow = await open(3, byPriority);
    for (const body of sent.split(' ')) slow.send(body, { priority: body.slice(0, 1) });
    assert.equal(await slow.received(), received);
  }
});

test('all messages but the newest of each value go, and without such ones the oldest', async () => {
  for (const [sent, received] of [
    ['A1 A2 B3 C4 A5', 'A1 B3 C4 A5'],
    ['A1 A2 B3 B4 B5 C6 D7 E8', 'A1 C6 D7 E8'],
    ['A1 A2 B3 C4 D5 E6', 'A1 C4 D5 E6'],
    ['A1 -2 -3 -4 -5 -6', 'A1 -4 -5 -6'],
    ['A1 B2 A3 -4 -5 -6 -7 C8', 'A1 B2 A3 C8'],
  ] as const) {
    const slow = await open(3, byValue);
    for (const body of sent.split(' ')) {
      slow.send(body, body.startsWith('-') ? {} : { k: body.slice(0, 1) });
    }
    assert.equal(await slow.received(), received, sent);
  }
});

test('the newest message of a value is the one that was sent last, not the one that came last', async () => {
  const slow = await open(2, byValue);
  slow.send('first');
  slow.send('new', { k: 'A', timestamp: '2000' });
  slow.send('old', { k: 'A', timestamp: '1000' });
  slow.send('other', { k: 'B' });
  assert.equal(await slow.received(), 'first new other');
});

test('a message that the consumer already has does not make a later one of its value go', async () => {
  const slow = await open(2, byValue);
  for (const body of ['0', 'A1', 'A2', 'A3']) slow.send(body, { k: body.slice(0, 1) });
  assert.equal(await slow.received(), '0 A3');
  // The newest message of the value A is gone.
  for (const body of ['1', 'A4', 'B5', 'C6']) slow.send(body, { k: body.slice(0, 1) });
  assert.equal(await slow.received(), '1 B5 C6');
});

test('long values are compared too, and values of no property drop the oldest message', async () => {
  const slow = await open(2, byValue);
  const long = 'x'.repeat(5000);
  slow.send('first');
  slow.send('1', { k: `${long}1` });
  slow.send('2', { k: `${long}2` });
  slow.send('3', { k: `${long}1` });
  assert.equal(await slow.received(), 'first 2 3');
  const none = await open(2, '<uniquePropertyMessageEvictionStrategy/>');
  for (const body of ['1', '2', '3', '4']) none.send(body, { k: 'A' });
  assert.equal(await none.received(), '1 3 4');
});

test('expired messages go before all others', async () => {
  for (const strategy of ['<oldestMessageEvictionStrategy/>', byPriority, byValue]) {
    const slow = await open(3, strategy);
    slow.send('first', { k: '0' });
    slow.send('stays', { k: '1' });
    const expires = String(slow.peers.b.clock.nowMs() + 50);
    slow.send('expires', { k: '2', priority: '9', expires });
    slow.send('stays too', { k: '3' });
    slow.peers.advance(100);
    slow.send('last', { k: '4' });
    assert.equal(slow.waiting(), 3);
    assert.equal(await slow.received(), 'first stays stays too last', strategy);
  }
});

test('evictExpiredMessagesHighWatermark removes expired messages before the limit is reached', async () => {
  const strategy = '<oldestMessageEvictionStrategy evictExpiredMessagesHighWatermark="3"/>';
  const slow = await open(100, strategy);
  const expires = String(slow.peers.b.clock.nowMs() + 50);
  slow.send('first');
  slow.send('stays');
  slow.send('expires', { expires });
  slow.send('expires too', { expires });
  slow.peers.advance(100);
  await slow.peers.settled();
  assert.equal(slow.waiting(), 3, 'not more than the watermark');
  slow.send('last');
  await slow.peers.settled();
  assert.equal(slow.waiting(), 3);
  slow.send('more');
  await slow.peers.settled();
  assert.equal(slow.waiting(), 3);
  assert.equal(await slow.received(), 'first stays last more');
});

test('a durable subscription keeps all messages', async () => {
  const peers = await ActiveMqPeers.open(
    policyOf(
      'topic="&gt;"',
      '',
      `<pendingMessageLimitStrategy><constantPendingMessageLimitStrategy limit="1"/></pendingMessageLimitStrategy>
       <messageEvictionStrategy>${byPriority}</messageEvictionStrategy>`,
    ),
  );
  const peer = await peers.stomp({ 'client-id': 'c' });
  const durable = { 'activemq.subscriptionName': 'd', ack: 'client', 'activemq.prefetchSize': '1' };
  peer.send('SUBSCRIBE', { id: '1', destination: '/topic/T', ...durable });
  for (let n = 0; n < 5; n++) peer.send('SEND', { destination: '/topic/T', persistent: 'true' });
  await peers.settled();
  const [queue] = [...peers.b.broker.vhost('/').queues.values()].filter(
    ({ index }) => index.isDurable && index.count > 0,
  );
  assert.equal(queue?.index.count, 5);
});

/** What the consumer gets according to ActiveMQ's strategies, which scan all messages that wait. */
class Model {
  held: string | undefined = undefined;
  readonly waiting: { body: string; priority: number; value: string | undefined }[] = [];
  readonly #limit: number;
  readonly #evict: (model: Model) => void;

  constructor(limit: number, evict: (model: Model) => void) {
    this.#limit = limit;
    this.#evict = evict;
  }

  send(body: string, priority: number, value: string | undefined): void {
    this.waiting.push({ body, priority, value });
    this.#deliver();
    if (this.waiting.length > this.#limit) this.#evict(this);
  }

  acknowledge(): void {
    this.held = undefined;
    this.#deliver();
  }

  #deliver(): void {
    this.held ??= this.waiting.shift()?.body;
  }
}

const evictions: Readonly<Record<string, (model: Model) => void>> = {
  [byPriority]: ({ waiting }) => {
    const lowest = Math.min(...waiting.map(({ priority }) => priority));
    waiting.splice(
      waiting.findIndex(({ priority }) => priority === lowest),
      1,
    );
  },
  [byValue]: ({ waiting }) => {
    const newest = new Map(waiting.map((each) => [each.value, each]));
    newest.delete(undefined);
    const kept = waiting.filter((each) => newest.get(each.value) === each);
    if (kept.length === 0 || kept.length === waiting.length) waiting.shift();
    else waiting.splice(0, waiting.length, ...kept);
  },
};

for (const [strategy, evict] of Object.entries(evictions)) {
  test(`random messages and acknowledgements: ${strategy} drops what ActiveMQ's scan does`, async () => {
    const limit = 25;
    const slow = await open(limit, strategy);
    const model = new Model(limit, evict);
    const random = new SeededRandom(7);
    const got: (string | undefined)[] = [];
    const expected: (string | undefined)[] = [];
    let frames = slow.peer.take();
    for (let n = 0; n < 300; n++) {
      if (random.below(10) < 8) {
        const priority = random.below(10);
        const value = random.below(4) === 0 ? undefined : String(random.below(30));
        const k = value === undefined ? {} : { k: value };
        slow.send(String(n), { priority: String(priority), ...k });
        await slow.peers.settled();
        model.send(String(n), priority, value);
      } else {
        frames = [...frames, ...slow.peer.take()];
        const frame = frames.shift();
        got.push(frame?.body);
        expected.push(model.held);
        if (frame !== undefined) slow.peer.send('ACK', { id: frame.headers['ack'] ?? '' });
        model.acknowledge();
      }
      assert.equal(slow.waiting(), model.waiting.length, `after step ${n}`);
    }
    assert.deepEqual(got, expected);
  });
}

test('a consumer that always lags behind keeps its newest messages', async () => {
  const slow = await open(10, byValue);
  // Each message has a value of its own, so no value is ever forgotten because it is older.
  for (let n = 0; n < 1500; n++) {
    slow.send(String(n), { k: String(n) });
    if (n % 100 === 0) await slow.peers.settled();
  }
  const [first, ...rest] = (await slow.received()).split(' ');
  assert.equal(first, '0');
  assert.deepEqual(
    rest,
    Array.from({ length: 10 }, (_, at) => String(1490 + at)),
  );
});

test('messages that must be read from disk first do not stop the limit', async () => {
  const slow = await open(50, byValue);
  for (let n = 0; n < 51; n++) slow.send(String(n), { k: 'A', persistent: 'true' });
  slow.peers.b.sync();
  slow.peers.b.log.evict();
  for (let n = 51; n < 60; n++) slow.send(String(n), { k: 'A', persistent: 'true' });
  await slow.peers.settled();
  assert.ok(slow.waiting() <= 50);
  const [first, ...rest] = (await slow.received()).split(' ');
  assert.equal(first, '0');
  assert.equal(rest.at(-1), '59');
});

test('a message that exceeds the limits of many consumers lets other work go on while theirs are examined', async () => {
  const slow = await open(400, byValue);
  const others = await Promise.all(Array.from({ length: 19 }, () => slow.peers.stomp()));
  const window = { ack: 'client-individual', 'activemq.prefetchSize': '1' };
  for (const peer of others) {
    peer.send('SUBSCRIBE', { id: 's', destination: '/topic/T', ...window });
  }
  for (let n = 0; n < 401; n++) {
    slow.send(String(n), { k: String(n % 399) });
    if (n % 100 === 0) await slow.peers.settled();
  }
  await slow.peers.settled();
  assert.equal(slow.waiting(), 20 * 400);
  slow.send('401', { k: '2' });
  assert.ok(slow.waiting() > 20 * 400, 'few queues were examined in this turn');
  await slow.peers.settled();
  // Older ones of the values 1 and 2 are gone. The first message with the value 0 is with the consumer.
  assert.equal(slow.waiting(), 20 * 399);
});

test('many subscriptions do not all decode a large message in one turn', async () => {
  const slow = await open(1, byValue);
  const window = { ack: 'client-individual', 'activemq.prefetchSize': '1' };
  for (let n = 0; n < 200; n++) {
    slow.peer.send('SUBSCRIBE', { id: String(n), destination: '/topic/T', ...window });
  }
  const large = Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`h${n}`, 'x'.repeat(9000)]),
  );
  const settled = async () => {
    for (let left = 100; left > 0 && slow.waiting() !== 201; left--) await slow.peers.settled();
    assert.equal(slow.waiting(), 201, 'one message waits for each');
  };
  for (const k of ['A', 'B']) slow.send(k, { k, ...large });
  await settled();
  slow.send('C', { k: 'C', ...large });
  assert.ok(slow.waiting() > 201, 'limits are enforced in later turns');
  await settled();
});
