// The fuzzers of STOMP.

import assert from 'node:assert/strict';
import { BrokerError } from '../../src/broker/errors.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';
import { FrameReader } from '../../src/protocols/stomp/codec/frames.ts';
import { StompError } from '../../src/protocols/stomp/errors.ts';
import { viewOf } from '../contract/messages.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { StompBroker, StompPeer } from '../support/stomp-peer.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import { commands, randomFrame } from './stomp-input.ts';
import type { Tally } from './tally.ts';

const mapXml =
  '<map><entry><string>a&amp;&#x41;</string><map><entry><string/><list><int>1</int></list></entry></map>' +
  '</entry><entry><int>5</int><double>-1.5E10</double></entry></map>';
const mapJson =
  '{"map":{"entry":[{"string":["a","\\u00e9"]},{"string":"b","long":9223372036854775807},' +
  '{"string":"c","map":{"entry":{"string":"d","list":{"boolean":[true,false]}}}}]}}';
const errorName = 'transformation-error';

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
  readonly #tally: Tally;
  #acks: Record<string, string>[] = [];

  private constructor(peer: StompPeer, random: SeededRandom, tally: Tally) {
    this.peer = peer;
    this.#random = random;
    this.#tally = tally;
  }

  static async connect(b: StompBroker, random: SeededRandom, tally: Tally): Promise<RandomClient> {
    const version = random.pick(['1.0', '1.1', '1.2']);
    const clientId: Record<string, string> = random.oneIn(3) ? { 'client-id': 'c' } : {};
    const peer = new StompPeer(b.broker);
    await peer.connect({ 'accept-version': version, login: 'eve', ...clientId });
    if (peer.take()[0]?.command === 'CONNECTED') tally.reach('CONNECT');
    return new RandomClient(peer, random, tally);
  }

  step(): void {
    const random = this.#random;
    const text = randomFrame(random, this.#acks);
    const bytes = Buffer.from(text);
    const isDamaged = random.oneIn(60);
    this.#tally.input();
    sendCut(this.peer, isDamaged ? random.damaged(bytes) : bytes, random);
    if (random.oneIn(10)) this.peer.takesMore = false;
    else if (random.oneIn(5)) this.peer.drain();
    let isRefused = isDamaged;
    for (const { command, headers, body } of this.peer.take()) {
      if (command === 'ERROR') isRefused = true;
      if (command !== 'MESSAGE') continue;
      assert.ok(!body.includes('canary'), 'a message of another client');
      const { ack, subscription = '' } = headers;
      const messageId = headers['message-id'] ?? '';
      this.#acks.push(ack === undefined ? { 'message-id': messageId, subscription } : { id: ack });
    }
    this.#acks = this.#acks.slice(-8);
    const command = text.slice(0, text.indexOf('\n')).trim();
    if (!isRefused) this.#tally.reach(command === '' ? 'heart-beat' : command);
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

async function fuzzConnection(random: SeededRandom, tally: Tally): Promise<void> {
  const b = await StompBroker.open(limits);
  const witness = await Witness.connect(b);
  const connect = () => RandomClient.connect(b, random, tally);
  const clients = [await connect(), await connect()];
  for (let left = 20 + random.below(100); left > 0; left--) {
    const at = random.below(2);
    const client = clients[at];
    client?.step();
    if (random.oneIn(4)) b.sync();
    if (random.oneIn(10)) b.broker.tick();
    if (random.oneIn(10)) witness.send();
    if (client?.peer.isClosed !== true && !random.oneIn(50)) continue;
    client?.peer.connection.ended();
    clients[at] = await connect();
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

/** STOMP's decoders, and whole connections. */
export const stompFuzzers: readonly Fuzzer[] = [
  {
    name: 'stomp frames',
    roundCount: 100_000,
    handlers: commands,
    run: (random, tally) => {
      let isWhole = true;
      const reader = new FrameReader({
        head: () => {},
        body: () => {},
        frame: ({ command }) => {
          if (isWhole) tally.reach(command);
        },
      });
      for (let left = random.below(4); left >= 0; left--) {
        const kind = random.below(3);
        const bytes = kind === 0 ? junk(random) : Buffer.from(randomFrame(random, []));
        isWhole = isWhole && kind === 1;
        isTaken(() => reader.receive(kind === 2 ? random.damaged(bytes) : bytes));
      }
    },
  },
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
  {
    name: 'stomp maps',
    roundCount: 20_000,
    handlers: ['jms-map-json', 'jms-map-xml'],
    run: (random, tally) => {
      const isXml = random.oneIn(2);
      const transformation = isXml ? 'jms-map-xml' : 'jms-map-json';
      const whole = Buffer.from(isXml ? mapXml : mapJson);
      const isWhole = random.oneIn(4);
      const body = isWhole ? whole : random.damaged(whole);
      const head = Buffer.from(`transformation:${transformation}\n`);
      const properties = stompFormat.toProperties(viewOf({ head, body }, 4));
      const { kind } = properties.body;
      assert.equal(
        kind === 'text',
        properties.headers.some(([name]) => name === errorName),
      );
      if (isWhole && kind === 'value') tally.reach(transformation);
      const again = stompFormat.fromProperties(properties, 1_000_000);
      assert.deepEqual(stompFormat.toProperties(viewOf(again, 4)).body, properties.body);
    },
  },
  {
    name: 'stomp connection',
    roundCount: 150,
    handlers: ['CONNECT', 'heart-beat', ...commands],
    run: fuzzConnection,
  },
];
