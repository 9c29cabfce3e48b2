// The fuzzer of STOMP connections.

import assert from 'node:assert/strict';
import { Selector } from '../../src/broker/activemq/selectors/selector.ts';
import type { SelectorValue } from '../../src/broker/activemq/selectors/values.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import { FrameReader } from '../../src/protocols/stomp/codec/frames.ts';
import { StompError } from '../../src/protocols/stomp/errors.ts';
import { stompFormat } from '../../src/protocols/stomp/format.ts';
import { viewOf } from '../contract/messages.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { StompBroker, StompPeer } from '../support/stomp-peer.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import { randomFrame } from './stomp-input.ts';

/** Turns of the event loop that what is left to do may take. */
const turnsMax = 1000;

/** Whether bytes were accepted; false if an expected error refused them. */
function isTaken(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (thrown) {
    if (thrown instanceof StompError || thrown instanceof BrokerError) return false;
    throw thrown;
  }
}

const words = [
  'a',
  'n',
  '(',
  ')',
  'AND',
  'OR',
  'NOT',
  '=',
  '<>',
  '<',
  '>=',
  'LIKE',
  "'a%'",
  'ESCAPE',
  "'!'",
  'IN',
  ',',
  'BETWEEN',
  'IS',
  'NULL',
  '1',
  '2.5',
  '0x1F',
  '9999999999',
  '+',
  '-',
  '*',
  '/',
  '%',
  'TRUE',
  "'it''s'",
  '--',
  '/*',
  '*/',
  '\n',
];
const values: readonly SelectorValue[] = [null, true, false, 'a', '5', 5, 5n];

function fuzzSelector(random: SeededRandom): void {
  const text = Array.from({ length: 1 + random.below(12) }, () => random.pick(words)).join(' ');
  isTaken(() => {
    const selector = new Selector(text, { convertsText: random.oneIn(2) });
    const truth = selector.matches({ value: () => random.pick(values) });
    assert.equal(typeof truth, 'boolean');
  });
}

/** Sends bytes in chunks cut anywhere. */
function sendCut(peer: StompPeer, bytes: Buffer, random: SeededRandom): void {
  for (let at = 0; at < bytes.length; ) {
    const size = random.oneIn(4) ? 1 + random.below(40) : bytes.length - at;
    peer.receive(bytes.subarray(at, at + size));
    at += size;
  }
}

/** A client, and by what it can name its deliveries. */
class RandomClient {
  readonly peer: StompPeer;
  readonly #random: SeededRandom;
  #acks: Record<string, string>[] = [];

  private constructor(peer: StompPeer, random: SeededRandom) {
    this.peer = peer;
    this.#random = random;
  }

  static async connect(b: StompBroker, random: SeededRandom): Promise<RandomClient> {
    const version = random.pick(['1.0', '1.1', '1.2']);
    const clientId: Record<string, string> = random.oneIn(3) ? { 'client-id': 'c' } : {};
    const peer = new StompPeer(b.broker);
    await peer.connect({ 'accept-version': version, login: 'eve', ...clientId });
    peer.take();
    return new RandomClient(peer, random);
  }

  step(): void {
    const random = this.#random;
    const bytes = Buffer.from(randomFrame(random, this.#acks));
    sendCut(this.peer, random.oneIn(60) ? random.damaged(bytes) : bytes, random);
    if (random.oneIn(10)) this.peer.takesMore = false;
    else if (random.oneIn(5)) this.peer.drain();
    for (const { command, headers, body } of this.peer.take()) {
      if (command !== 'MESSAGE') continue;
      assert.ok(!body.includes('canary'), 'a message of another client');
      const { ack, subscription = '' } = headers;
      const messageId = headers['message-id'] ?? '';
      this.#acks.push(ack === undefined ? { 'message-id': messageId, subscription } : { id: ack });
    }
    this.#acks = this.#acks.slice(-8);
  }
}

const limits = { bodyBytesMax: 1000, pendingBytesMax: 4000, transactionBytesMax: 20_000 };

/** The broker releases the state of disconnected clients in later turns. */
async function settled({ broker }: StompBroker): Promise<void> {
  for (let turns = 0; turns < turnsMax; turns++) {
    if (broker.background.isIdle && !broker.background.isPending) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Requires that no state is held after all clients have disconnected, and that all messages are
 * ready.
 */
function requireNothingHeld({ broker }: StompBroker): void {
  assert.equal(broker.clientConnections.size, 0, 'sessions');
  assert.equal(broker.logWaiters.count, 0, 'waiters for the log');
  assert.ok(broker.background.isIdle, 'work is left');
  assert.equal(broker.unread.bytes, 0, 'unread bytes');
  assert.equal(broker.flow.publisherCount, 0, 'publishers');
  for (const queue of broker.vhost('/').queues.values()) {
    assert.equal(queue.consumerCount, 0, `consumers of ${queue.name}`);
    assert.equal(queue.readyCount, queue.index.count, `ready messages of ${queue.name}`);
    assert.ok(queue.options.durable, `${queue.name} was to end with its client`);
  }
}

/** Another client, with its own queue. */
class Witness {
  readonly peer: StompPeer;
  #sentCount = 0;
  #seenCount = 0;

  private constructor(peer: StompPeer) {
    this.peer = peer;
  }

  static async connect(b: StompBroker): Promise<Witness> {
    const peer = await b.client({ 'client-id': 'witness' });
    const durable = { 'activemq.subscriptionName': 'own', selector: "whose = 'canary'" };
    peer.send('SUBSCRIBE', { id: 'd', destination: '/topic/only.witness', ...durable });
    peer.send('SUBSCRIBE', { id: 'w', destination: '/temp-queue/canary' });
    return new Witness(peer);
  }

  send(): void {
    for (const destination of ['/temp-queue/canary', '/topic/only.witness']) {
      this.peer.send('SEND', { destination, whose: 'canary' }, 'canary');
      this.#sentCount++;
    }
    this.look();
  }

  look(): void {
    this.#seenCount += this.peer.bodies().filter((body) => body === 'canary').length;
  }

  /** Requires that it received each message once and is still served. */
  requireAll(): void {
    this.send();
    assert.equal(this.#seenCount, this.#sentCount, 'canaries that came back');
  }
}

async function fuzzConnection(random: SeededRandom): Promise<void> {
  const b = await StompBroker.open(limits);
  const witness = await Witness.connect(b);
  const clients = [await RandomClient.connect(b, random), await RandomClient.connect(b, random)];
  for (let left = 20 + random.below(100); left > 0; left--) {
    const at = random.below(2);
    const client = clients[at];
    client?.step();
    if (random.oneIn(4)) b.sync();
    if (random.oneIn(10)) b.broker.tick();
    if (random.oneIn(10)) witness.send();
    if (client?.peer.isClosed !== true && !random.oneIn(50)) continue;
    client?.peer.connection.ended();
    clients[at] = await RandomClient.connect(b, random);
  }
  b.sync();
  for (const { peer } of clients) peer.drain();
  witness.requireAll();
  for (const { peer } of clients) peer.connection.ended();
  witness.peer.connection.ended();
  b.broker.tick();
  b.sync();
  await settled(b);
  requireNothingHeld(b);
}

/** STOMP's decoders, selectors, and whole connections. */
export const stompFuzzers: readonly Fuzzer[] = [
  {
    name: 'stomp frames',
    roundCount: 100_000,
    run: (random) => {
      const reader = new FrameReader({ head: () => {}, body: () => {}, frame: () => {} });
      const bytes = random.oneIn(2)
        ? junk(random)
        : random.damaged(Buffer.from(randomFrame(random, [])));
      for (let left = random.below(4); left >= 0; left--) isTaken(() => reader.receive(bytes));
    },
  },
  { name: 'selectors', roundCount: 50_000, run: fuzzSelector },
  {
    name: 'stomp heads',
    roundCount: 5000,
    run: (random) => {
      const head = junk(random);
      const properties = stompFormat.toProperties(viewOf({ head, body: Buffer.from('body') }, 4));
      const { head: written } = stompFormat.fromProperties(properties, 1_000_000);
      stompFormat.headers(head, 0, head.length);
      stompFormat.expiration(head, 0, head.length);
      const headers = stompFormat.headers(written, 0, written.length);
      const changed = stompFormat.deadLetterHead(written, 0, written.length, headers);
      assert.deepEqual({ ...stompFormat.headers(changed, 0, changed.length) }, { ...headers });
    },
  },
  { name: 'stomp connection', roundCount: 150, run: fuzzConnection },
];
