// The fuzzers of OpenWire.

import assert from 'node:assert/strict';
import { WaxwingError } from '../../src/base/errors.ts';
import { Codec } from '../../src/protocols/openwire/codec/codec.ts';
import {
  type DataStructure,
  destinationInfo,
  type MessageDispatch,
  types,
} from '../../src/protocols/openwire/codec/commands.gen.ts';
import { FrameReader } from '../../src/protocols/openwire/codec/frames.ts';
import { agree, type WireFormat } from '../../src/protocols/openwire/codec/wire-format.ts';
import { openwireFormat } from '../../src/protocols/openwire/format.ts';
import { viewOf } from '../contract/messages.ts';
import {
  clientFormatInfo,
  OpenWireBroker,
  type OpenWirePeer,
  textOf,
  topic,
} from '../support/openwire-peer.ts';
import { randomStructure } from '../support/openwire-structures.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import {
  commandHandlers,
  handlerOf,
  isUnanswered,
  randomCommand,
  randomScript,
  typeNames,
} from './openwire-input.ts';
import type { Tally } from './tally.ts';

/** Turns of the event loop that what is left to do may take. */
const turnsMax = 1000;

/** Errors of the peer are expected; anything else is a bug. */
function refusing(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof WaxwingError)) throw thrown;
  }
}

function randomFormat(random: SeededRandom): WireFormat {
  return {
    version: 1 + random.below(12),
    isTight: random.oneIn(2),
    cacheSize: random.pick([0, 4, 1024]),
    inactivityMs: random.pick([0, 30_000]),
    inactivityDelayMs: 0,
  };
}

function encode(codec: Codec, structure: DataStructure): Buffer {
  const pieces: Buffer[] = [];
  codec.encode(structure, {
    append: (from, start, end) => pieces.push(Buffer.from(from.subarray(start, end))),
  });
  return Buffer.concat(pieces);
}

function fuzzDecoder(random: SeededRandom, tally: Tally): void {
  const format = randomFormat(random);
  const [sender, receiver] = [new Codec(format), new Codec(format)];
  let decoded: DataStructure | undefined;
  const reader = new FrameReader({
    announced: () => {},
    frame: (bytes, start, end) => {
      decoded = receiver.decode(bytes, start, end);
    },
  });
  const one = () => {
    const structure = random.oneIn(4) ? undefined : randomStructure(random);
    const bytes = structure === undefined ? junk(random) : encode(sender, structure);
    const isDamaged = random.oneIn(2);
    const some = isDamaged ? random.damaged(bytes) : bytes;
    const cut = random.below(some.length + 1);
    reader.receive(some.subarray(0, cut));
    reader.receive(some.subarray(cut));
    if (structure === undefined || isDamaged || decoded?.type !== structure.type) return;
    tally.reach(typeNames.get(structure.type) ?? '');
  };
  refusing(() => {
    for (let left = 1 + random.below(3); left > 0; left--) one();
  });
}

/** A client, and the dispatches that it can acknowledge. */
class RandomClient {
  readonly peer: OpenWirePeer;
  readonly #random: SeededRandom;
  readonly #tally: Tally;
  #seen: MessageDispatch[] = [];
  #commandId = 1000;
  /** Commands that are sent one after another. */
  #script: DataStructure[] = [];
  /** The handlers of commands without an answer yet, by the numbers of the commands. */
  readonly #unanswered = new Map<number, string>();

  private constructor(peer: OpenWirePeer, random: SeededRandom, tally: Tally) {
    this.peer = peer;
    this.#random = random;
    this.#tally = tally;
  }

  static async connect(
    b: OpenWireBroker,
    random: SeededRandom,
    tally: Tally,
    at: number,
  ): Promise<RandomClient> {
    const connection = `ID:c-${at}:${random.below(1_000_000)}`;
    const peer = await b.client({ format: randomFormat(random), connection, user: 'eve' });
    if (!peer.isClosed) tally.reach('ConnectionInfo');
    peer.produce({ windowSize: random.pick([0, 1000]) });
    return new RandomClient(peer, random, tally);
  }

  step(): void {
    const random = this.#random;
    const { peer } = this;
    if (this.#script.length === 0 && random.oneIn(25)) this.#script = randomScript(random, peer);
    const command = this.#script.shift() ?? randomCommand(random, peer, this.#seen);
    if ('responseRequired' in command) command.commandId = ++this.#commandId;
    const bytes = peer.encode(command);
    const isDamaged = random.oneIn(60);
    const sent = isDamaged ? random.damaged(bytes) : bytes;
    if (!isDamaged) this.#expectAnswer(command);
    this.#tally.input();
    for (let at = 0; at < sent.length; ) {
      const size = random.oneIn(4) ? 1 + random.below(40) : sent.length - at;
      peer.receive(sent.subarray(at, at + size));
      at += size;
    }
    if (random.oneIn(10)) peer.takesMore = false;
    else if (random.oneIn(5)) peer.drain();
    const answers = peer.take();
    for (const answer of answers) this.#heard(answer);
    const isEnd = command.type === types.ShutdownInfo;
    const isRefused = answers.some(({ type }) => type === types.ConnectionError);
    if (isDamaged || isRefused || !isUnanswered(command) || peer.isClosed !== isEnd) return;
    this.#tally.reach(handlerOf(command));
  }

  #expectAnswer(command: DataStructure): void {
    if (!('responseRequired' in command) || !command.responseRequired) return;
    this.#unanswered.set(command.commandId, handlerOf(command));
  }

  #heard(answer: DataStructure): void {
    if (answer.type === types.MessageDispatch) {
      // A topic is for all, but not a temporary queue.
      const { destination } = answer;
      const isTheirs = destination?.type !== types.TempQueueDestination;
      assert.ok(isTheirs || textOf(answer.message) !== 'canary', 'a message of another client');
      this.#seen = [...this.#seen.slice(-7), answer];
    } else if ('correlationId' in answer && typeof answer.correlationId === 'number') {
      const handler = this.#unanswered.get(answer.correlationId);
      this.#unanswered.delete(answer.correlationId);
      const isTaken = answer.type !== types.ExceptionResponse;
      if (isTaken && handler !== undefined) this.#tally.reach(handler);
    }
  }
}

const limits = { bodyBytesMax: 1000, pendingBytesMax: 4000, transactionBytesMax: 20_000 };

/** What clients that are gone leave behind is given back in the turns after. */
async function settled({ broker }: OpenWireBroker): Promise<void> {
  for (let turns = 0; turns < turnsMax; turns++) {
    if (broker.background.isIdle && !broker.background.isPending) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** With every client gone nothing is held for one. */
function requireNothingHeld({ broker }: OpenWireBroker): void {
  assert.equal(broker.clientConnections.size, 0, 'connections');
  assert.equal(broker.logWaiters.count, 0, 'waiters for the log');
  assert.ok(broker.background.isIdle, 'work is left');
  assert.equal(broker.unread.bytes, 0, 'unread bytes');
  assert.equal(broker.flow.publisherCount, 0, 'publishers');
  for (const xid of broker.prepared.recover()) broker.prepared.rollback(xid);
  broker.pump();
  for (const queue of broker.vhost('/').queues.values()) {
    assert.equal(queue.consumerCount, 0, `consumers of ${queue.name}`);
    assert.equal(queue.readyCount, queue.index.count, `ready messages of ${queue.name}`);
    assert.ok(queue.options.durable, `${queue.name} was to end with its client`);
  }
}

/** Another client, whose messages are for it alone. */
class Witness {
  readonly peer: OpenWirePeer;
  readonly #temporary = { type: types.TempQueueDestination, physicalName: 'ID:w:1' } as const;
  #sentCount = 0;
  #seenCount = 0;

  private constructor(peer: OpenWirePeer) {
    this.peer = peer;
  }

  static async connect(b: OpenWireBroker): Promise<Witness> {
    const witness = new Witness(await b.client({ connection: 'ID:w', clientId: 'witness' }));
    const { peer } = witness;
    peer.produce();
    peer.send(destinationInfo({ destination: witness.#temporary }));
    peer.consume(1, witness.#temporary);
    peer.consume(2, topic('only.witness'), { subscriptionName: 'own' });
    return witness;
  }

  send(): void {
    for (const destination of [this.#temporary, topic('only.witness')]) {
      this.peer.publish(destination, 'canary');
      this.#sentCount++;
    }
    this.look();
  }

  look(): void {
    const dispatches = this.peer.dispatches();
    this.#seenCount += dispatches.filter(({ message }) => textOf(message) === 'canary').length;
    for (const dispatch of dispatches) this.peer.ack([dispatch]);
  }

  /** It has had each of them once, and is served as if nothing had happened. */
  requireAll(): void {
    this.send();
    assert.equal(this.#seenCount, this.#sentCount, 'canaries that came back');
  }
}

async function fuzzConnection(random: SeededRandom, tally: Tally): Promise<void> {
  const b = await OpenWireBroker.open(limits);
  const witness = await Witness.connect(b);
  const connect = (at: number) => RandomClient.connect(b, random, tally, at);
  const clients = [await connect(0), await connect(1)];
  for (let left = 20 + random.below(100); left > 0; left--) {
    const at = random.below(2);
    const client = clients[at];
    client?.step();
    if (random.oneIn(4)) b.sync();
    if (random.oneIn(10)) b.broker.tick();
    if (random.oneIn(10)) witness.send();
    if (client?.peer.isClosed !== true && !random.oneIn(50)) continue;
    client?.peer.connection.ended();
    clients[at] = await connect(at);
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

/** OpenWire's decoders, and whole connections. */
export const openwireFuzzers: readonly Fuzzer[] = [
  {
    name: 'openwire frames',
    roundCount: 100_000,
    handlers: [...typeNames.values()],
    run: fuzzDecoder,
  },
  {
    name: 'openwire negotiation',
    roundCount: 10_000,
    handlers: Array.from({ length: 12 }, (_, at) => `version ${1 + at}`),
    run: (random, tally) => {
      const whole = clientFormatInfo(randomFormat(random));
      const isDamaged = !random.oneIn(4);
      const bytes = isDamaged ? random.damaged(whole) : whole;
      refusing(() => {
        const { version, cacheSize } = agree(bytes, Math.min(4, bytes.length), bytes.length);
        assert.ok(version >= 1 && version <= 12 && cacheSize <= 1024);
        if (!isDamaged) tally.reach(`version ${version}`);
      });
    },
  },
  {
    name: 'openwire heads',
    roundCount: 5000,
    run: (random) => {
      const head = junk(random);
      const properties = openwireFormat.toProperties(
        viewOf({ head, body: Buffer.from('body') }, 5),
      );
      const { head: written } = openwireFormat.fromProperties(properties, 1_000_000);
      openwireFormat.headers(head, 0, head.length);
      openwireFormat.expiration(head, 0, head.length);
      const headers = openwireFormat.headers(written, 0, written.length);
      const changed = openwireFormat.deadLetterHead(written, 0, written.length, headers);
      assert.deepEqual(openwireFormat.headers(changed, 0, changed.length), headers);
    },
  },
  {
    name: 'openwire connection',
    roundCount: 150,
    handlers: commandHandlers,
    run: fuzzConnection,
  },
];
