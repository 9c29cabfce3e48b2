// The fuzzers of AMQP 1.0.

import assert from 'node:assert/strict';
import { BrokerError } from '../../src/broker/errors.ts';
import { activeMqRules } from '../../src/protocols/amqp10/activemq/message-rules.ts';
import { Decoder } from '../../src/protocols/amqp10/codec/decoder.ts';
import { FrameReader } from '../../src/protocols/amqp10/codec/frames.ts';
import type { Item } from '../../src/protocols/amqp10/codec/items.ts';
import { readComposite } from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { AmqpError } from '../../src/protocols/amqp10/errors.ts';
import { amqp10Format } from '../../src/protocols/amqp10/format.ts';
import { IncomingMessage } from '../../src/protocols/amqp10/messages/incoming-message.ts';
import { viewOf } from '../contract/messages.ts';
import { Amqp10Broker, Amqp10Peer, header, textMessage } from '../support/amqp10-peer.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { RandomClient, requireNothingHeld, settled } from './amqp10-client.ts';
import { compositeFuzzer } from './amqp10-composites.ts';
import {
  frameHandlers,
  itemBytes,
  randomFrame,
  randomItem,
  randomMessage,
  sectionNames,
} from './amqp10-input.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import type { Tally } from './tally.ts';

/** The result; undefined where an expected error refused the input. */
function taken<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof AmqpError || thrown instanceof BrokerError) return undefined;
    throw thrown;
  }
}

/** The types of values. */
const itemTypes = [
  ...['null', 'boolean', 'ubyte', 'byte', 'ushort', 'short', 'uint', 'int', 'ulong', 'long'],
  ...['float', 'double', 'timestamp', 'char', 'decimal', 'uuid', 'binary', 'string', 'symbol'],
  ...['list', 'map', 'array', 'described'],
];

/** Counts the types of a value and of the values in it. */
function reachTypes(item: Item, tally: Tally): void {
  tally.reach(item.type);
  if (item.type === 'list' || item.type === 'array') {
    for (const each of item.value) reachTypes(each, tally);
  } else if (item.type === 'map') {
    for (const entry of item.value) for (const each of entry) reachTypes(each, tally);
  } else if (item.type === 'described') reachTypes(item.value, tally);
}

/** A value is decoded, skipped to the same end, and decoded again from its encoding. */
function fuzzValue(random: SeededRandom, tally: Tally): void {
  const kind = random.below(3);
  const whole = kind === 0 ? junk(random) : itemBytes(randomItem(random));
  const bytes = kind === 1 ? random.damaged(whole) : whole;
  const d = new Decoder();
  const item = taken(() => d.reset(bytes, 0, bytes.length).item());
  const end = d.at;
  const isSkipped = taken(() => d.reset(bytes, 0, bytes.length).skip() ?? true);
  if (kind === 2) assert.ok(item !== undefined, 'a valid value is decoded');
  // What is skipped when a message arrives is decoded later.
  assert.equal(isSkipped === true, item !== undefined, 'a value is skipped if it can be decoded');
  if (item === undefined) return;
  assert.equal(d.at, end);
  if (kind === 2) reachTypes(item, tally);
  taken(() => readComposite(d.reset(bytes, 0, bytes.length)));
}

/** A message is the same, however its payload is cut. */
function fuzzMessage(random: SeededRandom, tally: Tally): void {
  const isDamaged = random.oneIn(2);
  const bytes = isDamaged ? random.damaged(randomMessage(random)) : randomMessage(random);
  const read = (sizeMax: number) => {
    const incoming = new IncomingMessage(activeMqRules);
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 1 + random.below(sizeMax));
      incoming.add(bytes, at, end, end === bytes.length);
      at = end;
    }
    return taken(() => {
      incoming.complete(0, 1_000_000, true);
      const { publication, to } = incoming;
      const { head, headStart, headEnd, parts, partStarts, partEnds, partCount } = publication;
      const body = Buffer.concat(
        parts.slice(0, partCount).map((part, n) => part.subarray(partStarts[n], partEnds[n])),
      );
      const { isPersistent, priority, expirationMs, bodyLength } = publication;
      assert.equal(body.length, bodyLength);
      const stored = Buffer.from(head.subarray(headStart, headEnd));
      return { head: stored, body, isPersistent, priority, expirationMs, to };
    });
  };
  const whole = read(1_000_000_000);
  assert.deepEqual(read(200), whole);
  if (whole === undefined) return;
  if (!isDamaged) reachSections(bytes, tally);
  const properties = amqp10Format.toProperties(viewOf(whole, 2));
  amqp10Format.fromProperties(properties, 1_000_000);
  requireFormat(whole.head);
}

/** Counts the sections of a valid message. */
function reachSections(bytes: Buffer, tally: Tally): void {
  const d = new Decoder().reset(bytes, 0, bytes.length);
  while (d.at < bytes.length) {
    const code = Number(bytes[d.at + 2]);
    d.skip();
    tally.reach(sectionNames.get(code) ?? `${code}`);
  }
}

function requireFormat(head: Buffer): void {
  amqp10Format.expiration(head, 0, head.length);
  amqp10Format.headerCount(head, 0, head.length);
  const headers = amqp10Format.headers(head, 0, head.length);
  const changed = amqp10Format.deadLetterHead(head, 0, head.length, headers);
  assert.deepEqual({ ...amqp10Format.headers(changed, 0, changed.length) }, { ...headers });
}

const limits = {
  bodyBytesMax: 1000,
  unfinishedBytesMax: 2000,
  pendingBytesMax: 4000,
  transactionBytesMax: 20_000,
};

/** Another client, whose messages are for it alone. */
class Witness {
  readonly peer: Amqp10Peer;
  #sentCount = 0;
  #seenCount = 0;

  private constructor(peer: Amqp10Peer) {
    this.peer = peer;
  }

  static async connect(b: Amqp10Broker): Promise<Witness> {
    const peer = await b.client('witness');
    peer.attachReceiver('own', 'topic://only.witness', 1, { durable: 2 }, { sndSettleMode: 1 });
    peer.attachSender('s', 'topic://only.witness');
    b.sync();
    peer.flow(1, 1_000_000);
    peer.take();
    return new Witness(peer);
  }

  send(): void {
    this.peer.transfer(textMessage('canary'), 0, { settled: true });
    this.#sentCount++;
    for (const { payload } of this.peer.take()) if (payload.includes('canary')) this.#seenCount++;
  }

  /** It has had each of them once, and is served as if nothing had happened. */
  requireAll(): void {
    this.send();
    assert.equal(this.#seenCount, this.#sentCount, 'canaries that came back');
  }
}

async function fuzzConnection(random: SeededRandom, tally: Tally): Promise<void> {
  const b = await Amqp10Broker.open(limits);
  const witness = await Witness.connect(b);
  const connect = () => RandomClient.connect(new Amqp10Peer(b.broker), random, tally);
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
  await settled(b.broker);
  requireNothingHeld(b.broker);
}

/** The decoders of AMQP 1.0, and whole connections. */
export const amqp10Fuzzers: readonly Fuzzer[] = [
  { name: 'amqp10 values', roundCount: 100_000, handlers: itemTypes, run: fuzzValue },
  compositeFuzzer,
  {
    name: 'amqp10 messages',
    roundCount: 20_000,
    handlers: [...sectionNames.values()],
    run: fuzzMessage,
  },
  {
    name: 'amqp10 frames',
    roundCount: 100_000,
    handlers: ['protocol header', 'frame'],
    run: (random, tally) => {
      let isWhole = true;
      const see = (what: string) => () => {
        if (isWhole) tally.reach(what);
      };
      const reader = new FrameReader({
        protocolHeader: see('protocol header'),
        frame: see('frame'),
      });
      const progress = { deliveryId: 0, receivedCount: 0, handlers: [] };
      taken(() => reader.receive(header(0)));
      for (let left = random.below(4); left >= 0; left--) {
        const kind = random.below(3);
        const bytes = kind === 0 ? junk(random) : randomFrame(random, progress);
        isWhole = isWhole && kind === 1;
        taken(() => reader.receive(kind === 2 ? random.damaged(bytes) : bytes));
      }
    },
  },
  {
    name: 'amqp10 heads',
    roundCount: 10_000,
    run: (random) => {
      const head = random.oneIn(2) ? junk(random) : random.damaged(randomMessage(random));
      const properties = amqp10Format.toProperties(viewOf({ head, body: junk(random) }, 2));
      const { head: written } = amqp10Format.fromProperties(properties, 1_000_000);
      requireFormat(written);
    },
  },
  {
    name: 'amqp10 connection',
    roundCount: 150,
    handlers: frameHandlers,
    run: fuzzConnection,
  },
];
