// The fuzzers of MQTT.

import assert from 'node:assert/strict';
import { BrokerError } from '../../src/broker/errors.ts';
import type { MessageFormat } from '../../src/broker/format.ts';
import { FieldReader } from '../../src/protocols/mqtt/codec/fields.ts';
import { PacketReader, type PacketSink } from '../../src/protocols/mqtt/codec/packet-reader.ts';
import { propertyIds, readProperties } from '../../src/protocols/mqtt/codec/properties.ts';
import { MqttError } from '../../src/protocols/mqtt/errors.ts';
import { mqttFormat } from '../../src/protocols/mqtt/format.ts';
import { readConnect, readVersion } from '../../src/protocols/mqtt/packets/connect.ts';
import { viewOf } from '../contract/messages.ts';
import { connectPacket, propertyField } from '../support/mqtt-packets.ts';
import { MqttBroker, MqttPeer } from '../support/mqtt-peer.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import { nameOfPacket, packetNames, randomPacket, randomProperty } from './mqtt-input.ts';
import type { Tally } from './tally.ts';

/** Whether bytes were taken; false where an expected error refused them. */
function isTaken(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (thrown) {
    if (thrown instanceof MqttError || thrown instanceof BrokerError) return false;
    throw thrown;
  }
}

function fuzzReader(random: SeededRandom, tally: Tally): void {
  const packets: Buffer[] = [];
  const sink: PacketSink = {
    began: () => {},
    packet: (_first, bytes, at, end) => packets.push(bytes.subarray(at, end)),
  };
  const reader = new PacketReader(sink, { connectBytesMax: 16_384, packetBytesMax: 1000 });
  reader.isAdmitted = random.oneIn(2);
  const version = random.pick([4, 5]);
  const whole = random.oneIn(4) ? undefined : randomPacket(random, version, []);
  const isDamaged = whole !== undefined && random.oneIn(2);
  const bytes = whole === undefined ? junk(random) : isDamaged ? random.damaged(whole) : whole;
  let isRead = true;
  for (let at = 0; at < bytes.length && isRead; ) {
    const size = 1 + random.below(bytes.length);
    isRead = isTaken(() => reader.receive(bytes.subarray(at, at + size)));
    at += size;
  }
  if (isRead && whole !== undefined && !isDamaged && packets.length === 1) {
    tally.reach(nameOfPacket(whole));
  }
  for (const content of packets) {
    assert.ok(content.length <= 1024 * 1024);
    const places = ['publish', 'connect', 'will', 'subscribe', 'disconnect'] as const;
    const fields = new FieldReader().open(content, 0, content.length);
    isTaken(() => readProperties(fields, random.pick(places)));
  }
}

/** Properties that a client sends, by their names, with the place where they may be. */
const sentProperties = {
  payloadFormat: 'publish',
  messageExpiry: 'publish',
  contentType: 'publish',
  responseTopic: 'publish',
  correlationData: 'publish',
  subscriptionId: 'subscribe',
  sessionExpiry: 'connect',
  authenticationMethod: 'connect',
  authenticationData: 'connect',
  requestProblemInformation: 'connect',
  willDelay: 'will',
  requestResponseInformation: 'connect',
  reasonString: 'disconnect',
  receiveMaximum: 'connect',
  topicAliasMaximum: 'connect',
  topicAlias: 'publish',
  userProperty: 'unsubscribe',
  maximumPacketSize: 'connect',
} as const;

/** A property alone, which is read where it is permitted, unless its value is not. */
function fuzzProperty(random: SeededRandom, tally: Tally): void {
  const names = Object.keys(sentProperties) as (keyof typeof sentProperties)[];
  const name = random.pick(names);
  const id = propertyIds[name];
  const whole = propertyField({ [id]: randomProperty(random, id) });
  const isDamaged = random.oneIn(2);
  const bytes = isDamaged ? random.damaged(whole) : whole;
  const fields = new FieldReader().open(bytes, 0, bytes.length);
  const isRead = isTaken(() => readProperties(fields, sentProperties[name]));
  if (isRead && !isDamaged) tally.reach(name);
}

function fuzzConnect(random: SeededRandom, tally: Tally): void {
  const version = random.pick([3, 4, 5] as const);
  const hasWill = random.oneIn(2);
  const good = connectPacket({
    version,
    clientId: random.pick(['', 'c', 'x'.repeat(2000)]),
    ...(hasWill && { will: { topic: random.pick(['w', 'w/#', '']), qos: random.below(4) } }),
    ...(version === 5 && { properties: { 17: 1, 38: [['a', 'b']] } }),
  });
  const kind = random.below(8);
  const bytes = kind === 0 ? junk(random) : kind < 3 ? good : random.damaged(good);
  const lengthSize = (good[1] ?? 0) > 127 ? 2 : 1;
  const at = Math.min(1 + lengthSize, bytes.length);
  const fields = new FieldReader().open(bytes, at, bytes.length);
  const isRead = isTaken(() => readConnect(fields, readVersion(fields)));
  if (isRead && (kind === 1 || kind === 2)) {
    tally.reach(`version ${version}${hasWill ? ' with a will' : ''}`);
  }
}

const connectKinds = [3, 4, 5].flatMap((version) => [
  `version ${version}`,
  `version ${version} with a will`,
]);

/** Reads, writes and changes random heads with a format. */
export function fuzzHead(random: SeededRandom, format: MessageFormat): void {
  const head = junk(random);
  const properties = format.toProperties(viewOf({ head, body: Buffer.from('body') }, 3));
  const { head: written } = format.fromProperties(properties, 1_000_000);
  format.headers(head, 0, head.length);
  format.headerCount(head, 0, head.length);
  format.expiration(head, 0, head.length);
  const headers = format.headers(written, 0, written.length);
  const changed = format.deadLetterHead(written, 0, written.length, headers);
  assert.deepEqual({ ...format.headers(changed, 0, changed.length) }, { ...headers });
}

/** A client, and the packet ids of what it was sent. */
export class RandomClient {
  readonly peer: MqttPeer;
  readonly #random: SeededRandom;
  readonly #tally: Tally;
  #ids: number[] = [];

  private constructor(peer: MqttPeer, random: SeededRandom, tally: Tally) {
    this.peer = peer;
    this.#random = random;
    this.#tally = tally;
  }

  static async connect(b: MqttBroker, random: SeededRandom, tally: Tally): Promise<RandomClient> {
    const peer = new MqttPeer(b);
    const version = random.pick([3, 4, 5] as const);
    await peer.connect({
      version,
      username: 'eve',
      clientId: random.pick(['c', 'd']),
      clean: random.oneIn(2),
      ...(random.oneIn(3) && { will: { topic: 'a/will', qos: random.below(3), retain: true } }),
      ...(version === 5 && { properties: { 17: random.pick([0, 1, 100]), 33: 3 } }),
    });
    if (!peer.isClosed) tally.reach('connect');
    return new RandomClient(peer, random, tally);
  }

  step(): void {
    const random = this.#random;
    const { peer } = this;
    const bytes = randomPacket(random, peer.version, this.#ids);
    const isDamaged = random.oneIn(60);
    const sent = isDamaged ? random.damaged(bytes) : bytes;
    this.#tally.input();
    for (let at = 0; at < sent.length; ) {
      const size = random.oneIn(4) ? 1 + random.below(40) : sent.length - at;
      peer.receive(sent.subarray(at, at + size));
      at += size;
    }
    if (random.oneIn(10)) peer.takesMore = false;
    else if (random.oneIn(5)) peer.drain();
    const name = nameOfPacket(bytes);
    if (!isDamaged && peer.isClosed === (name === 'disconnect')) this.#tally.reach(name);
    for (const { type, id, payload } of peer.take()) {
      assert.notEqual(payload, 'canary', 'a message of another client');
      if (type === 'publish' || type === 'pubrel') this.#ids.push(id ?? 0);
    }
    this.#ids = this.#ids.slice(-8);
  }
}

/** The limits of the brokers. */
export const limits = {
  bodyBytesMax: 1500,
  pendingBytesMax: 4000,
  retainedCountMax: 5,
  sessionCountMax: 4,
};
const properties = { 17: 1000 };

/** Another client, whose messages are for it alone. */
export class Witness {
  readonly peer: MqttPeer;
  #sentCount = 0;
  #seenCount = 0;

  constructor(peer: MqttPeer) {
    this.peer = peer;
  }

  static async connect(b: MqttBroker, username = 'bob'): Promise<Witness> {
    const lasting = { version: 5, clean: false, properties } as const;
    const peer = await b.client({ ...lasting, clientId: 'witness', username });
    // No filter of the others matches it, because of the rule for `$`.
    peer.subscribe({ 'only/witness': 1 | 0x20 });
    b.sync();
    peer.take();
    return new Witness(peer);
  }

  send(): void {
    this.#sentCount++;
    const id = 1 + (this.#sentCount % 1000);
    this.peer.publish('only/witness', 'canary', { qos: 1, id });
    this.look();
  }

  look(): void {
    for (const { type, id = 0, payload } of this.peer.take()) {
      if (type !== 'publish') continue;
      assert.equal(payload, 'canary');
      this.#seenCount++;
      this.peer.puback(id);
    }
  }

  /** It has had each of them once, and is served as if nothing had happened. */
  requireAll(b: MqttBroker): void {
    this.send();
    b.sync();
    this.look();
    assert.equal(this.#seenCount, this.#sentCount, 'canaries that came back');
  }
}

/** With every client gone nothing is held for one, and what is ready is all there is. */
export function requireNothingHeld({ broker }: MqttBroker): void {
  assert.equal(broker.clientConnections.size, 0, 'sessions');
  assert.equal(broker.logWaiters.count, 0, 'waiters for the log');
  assert.ok(broker.background.isIdle, 'work is left');
  assert.equal(broker.unread.bytes, 0, 'unread bytes');
  assert.equal(broker.flow.publisherCount, 0, 'publishers');
  assert.ok(broker.retained.count('/') <= limits.retainedCountMax);
  const sessions = [...broker.sessions.all('/')].length;
  assert.ok(sessions <= limits.sessionCountMax);
  for (const queue of broker.vhost('/').queues.values()) {
    assert.equal(queue.consumerCount, 0, `consumers of ${queue.name}`);
    assert.equal(queue.readyCount, queue.index.count, `ready messages of ${queue.name}`);
    assert.ok(!queue.options.exclusive, `${queue.name} was to end with its client`);
  }
}

/** Lets random clients use a broker, until nothing of them is left. */
export async function fuzzClients(
  b: MqttBroker,
  witness: Witness,
  random: SeededRandom,
  tally: Tally,
): Promise<void> {
  const connect = () => RandomClient.connect(b, random, tally);
  const clients = [await connect(), await connect()];
  for (let left = 20 + random.below(100); left > 0; left--) {
    const at = random.below(2);
    const client = clients[at];
    client?.step();
    if (random.oneIn(4)) b.sync();
    if (random.oneIn(10)) b.broker.tick();
    if (random.oneIn(20)) b.clock.advance(random.below(5000));
    if (random.oneIn(10)) witness.send();
    if (client?.peer.isClosed !== true && !random.oneIn(50)) continue;
    client?.peer.cut();
    clients[at] = await connect();
  }
  b.sync();
  for (const { peer } of clients) peer.drain();
  witness.requireAll(b);
  for (const { peer } of clients) peer.cut();
  witness.peer.cut();
  b.broker.tick();
  b.sync();
  await b.settled();
  b.sync();
  requireNothingHeld(b);
}

async function fuzzConnection(random: SeededRandom, tally: Tally): Promise<void> {
  const b = await MqttBroker.open(limits);
  await fuzzClients(b, await Witness.connect(b), random, tally);
  // What is on the disk can be recovered.
  const next = await b.crash(limits);
  assert.equal([...next.broker.sessions.all('/')].length, [...b.broker.sessions.all('/')].length);
  assert.equal(next.broker.retained.count('/'), b.broker.retained.count('/'));
}

/** MQTT's decoders, and whole connections. */
export const mqttFuzzers: readonly Fuzzer[] = [
  { name: 'mqtt packets', roundCount: 100_000, handlers: packetNames, run: fuzzReader },
  {
    name: 'mqtt properties',
    roundCount: 20_000,
    handlers: Object.keys(sentProperties),
    run: fuzzProperty,
  },
  { name: 'mqtt connect', roundCount: 20_000, handlers: connectKinds, run: fuzzConnect },
  { name: 'mqtt heads', roundCount: 5000, run: (random) => fuzzHead(random, mqttFormat) },
  {
    name: 'mqtt connection',
    roundCount: 150,
    handlers: ['connect', ...packetNames],
    run: fuzzConnection,
  },
];
