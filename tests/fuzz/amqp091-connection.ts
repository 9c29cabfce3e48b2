// The fuzzer of AMQP 0-9-1 connections.

import assert from 'node:assert/strict';
import type { Broker } from '../../src/broker/broker.ts';
import {
  type Method,
  methodIds,
  methodNames,
} from '../../src/protocols/amqp091/codec/methods.gen.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { basicHandlers } from '../../src/protocols/amqp091/methods/basic.ts';
import { channelHandlers } from '../../src/protocols/amqp091/methods/channel.ts';
import { confirmHandlers } from '../../src/protocols/amqp091/methods/confirm.ts';
import { exchangeHandlers } from '../../src/protocols/amqp091/methods/exchange.ts';
import { queueHandlers } from '../../src/protocols/amqp091/methods/queue.ts';
import { txHandlers } from '../../src/protocols/amqp091/methods/tx.ts';
import { AmqpPeer, openBroker, publishFrames } from '../support/amqp-peer.ts';
import { BrokerOnLog } from '../support/broker-on-log.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { definitions, randomDeed } from './amqp091-input.ts';
import type { Fuzzer } from './fuzzer.ts';
import type { Tally } from './tally.ts';

/** The handlers of the registry, and of what the connection handles itself. */
const handlers: readonly string[] = [
  ...Object.keys({
    ...channelHandlers,
    ...exchangeHandlers,
    ...queueHandlers,
    ...basicHandlers,
    ...confirmHandlers,
    ...txHandlers,
  }).map(Number),
  methodIds.basicPublish,
  methodIds.channelClose,
  methodIds.connectionClose,
  methodIds.connectionUpdateSecret,
].map((id) => methodNames[id as Method['id']]);

/** Sends bytes in chunks cut anywhere. */
function sendCut(peer: AmqpPeer, bytes: Buffer, random: SeededRandom): void {
  for (let at = 0; at < bytes.length; ) {
    const size = random.oneIn(4) ? 1 + random.below(40) : bytes.length - at;
    peer.send(bytes.subarray(at, at + size));
    at += size;
  }
}

/** Opens what either side has closed, and says which channels that were. */
function reopen(peer: AmqpPeer): number[] {
  const closed = peer.closed.splice(0);
  for (const channel of closed) {
    peer.call(channel, { id: methodIds.channelCloseOk });
    peer.call(channel, { id: methodIds.channelOpen });
  }
  return closed;
}

/** A client with two open channels, which knows what it has not settled. */
class RandomClient {
  readonly peer: AmqpPeer;
  readonly #random: SeededRandom;
  readonly #tally: Tally;
  readonly #tags = new Map<number, number[]>();

  private constructor(peer: AmqpPeer, random: SeededRandom, tally: Tally) {
    this.peer = peer;
    this.#random = random;
    this.#tally = tally;
  }

  static async connect(broker: Broker, random: SeededRandom, tally: Tally): Promise<RandomClient> {
    const client = new RandomClient(await AmqpPeer.ready(broker), random, tally);
    client.peer.call(2, { id: methodIds.channelOpen });
    return client;
  }

  /** Does one thing; a mistake that closed a channel is made good by opening another. */
  step(): void {
    const random = this.#random;
    const client = { tags: this.#tags, channel: 1 + random.below(2) };
    const { method, frames, channel } = randomDeed(random, client);
    const isDamaged = random.oneIn(60);
    this.#tally.input();
    const closed = this.#send(isDamaged ? random.damaged(frames) : frames);
    const isEnd = method.id === methodIds.connectionClose || method.id === methodIds.channelClose;
    const isTaken = isEnd || !(this.peer.isClosed || closed.includes(channel));
    if (!isDamaged && isTaken) this.#tally.reach(methodNames[method.id]);
    if (random.oneIn(10)) this.peer.takesMore = false;
    else if (random.oneIn(5)) this.peer.drain();
  }

  /** Returns the channels that were closed. */
  #send(bytes: Buffer): readonly number[] {
    sendCut(this.peer, bytes, this.#random);
    for (const { channel, tag } of this.peer.deliveries.splice(0)) {
      const tags = this.#tags.get(channel) ?? [];
      this.#tags.set(channel, [...tags.slice(-8), tag]);
    }
    const closed = reopen(this.peer);
    for (const channel of closed) {
      this.#tags.delete(channel);
      if (!this.peer.isClosed) this.#tally.reach('channel.open');
    }
    return closed;
  }
}

/** Turns of the event loop that what is left to do may take. */
const turnsMax = 1000;

/** The broker releases the state of disconnected clients in later turns. */
async function settled(broker: Broker): Promise<void> {
  for (let turns = 0; !broker.background.isIdle && turns < turnsMax; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Requires that no state is held after all clients have disconnected, and that all messages are
 * ready.
 */
function requireNothingHeld(broker: Broker, retainedCount: number | undefined): void {
  assert.equal(broker.clientConnections.size, 0, 'sessions');
  assert.equal(broker.logWaiters.count, 0, 'waiters for the log');
  assert.ok(broker.background.isIdle, 'work is left');
  assert.equal(broker.unread.bytes, 0, 'unread bytes');
  assert.equal(broker.flow.publisherCount, 0, 'publishers');
  let liveCount = 0;
  for (const queue of broker.vhost('/').queues.values()) {
    const { index: queueIndex } = queue;
    assert.equal(queue.consumerCount, 0, `consumers of ${queue.name}`);
    assert.equal(queue.readyCount, queueIndex.count, `ready messages of ${queue.name}`);
    let bytes = 0;
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
      bytes += queueIndex.bodyLength(s);
    }
    assert.equal(queue.readyBytes, bytes, `ready bytes of ${queue.name}`);
    liveCount += queueIndex.count;
  }
  if (retainedCount !== undefined) {
    assert.equal(retainedCount, liveCount, 'messages retained in blocks');
  }
}

/** Another client works as if nothing had happened. */
function requireService(peer: AmqpPeer): void {
  peer.declare('control', {}, { durable: false });
  peer.send(publishFrames(1, 'control', 'still here'));
  const [, body] = peer.call(1, { id: methodIds.basicGet, queue: 'control', noAck: true });
  assert.equal(body, 'still here');
}

const limits = { bodyBytesMax: 1000, pendingBytesMax: 4000 };

/** A broker to be fuzzed, and its log. */
interface Ground {
  readonly broker: Broker;
  sync(): void | Promise<void>;
  /** The number of messages in the log; undefined if it is not known. */
  retainedCount(): number | undefined;
  /** Checks after all clients have disconnected. */
  end(): Promise<void>;
}

async function inMemory(): Promise<Ground> {
  const { broker, log } = await openBroker(limits);
  return {
    broker,
    sync: () => log.syncNow(),
    retainedCount: () => log.all.reduce((sum, block) => sum + (block?.live ?? 0), 0),
    end: async () => {},
  };
}

/** Runs over the real log: stored messages must be readable and undamaged. */
async function onRealLog(random: SeededRandom): Promise<Ground> {
  const onLog = await BrokerOnLog.start(
    { segmentBytes: 64 * 1024 },
    {
      formats: [amqp091Format],
      users: [{ username: 'guest', passwordHash: 'guest' }],
      verifyPassword: async (password, hash) => password === hash,
      limits,
      memoryBytes: () => 0,
      onInternalError: (error) => {
        throw error;
      },
    },
  );
  return {
    broker: onLog.broker,
    sync: () => onLog.flushed(),
    retainedCount: () => undefined,
    end: async () => {
      await (random.oneIn(2) ? onLog.kill() : onLog.restart());
      await onLog.close();
      await onLog.check();
    },
  };
}

async function fuzz(random: SeededRandom, ground: Ground, tally: Tally): Promise<void> {
  const { broker } = ground;
  const witness = await AmqpPeer.ready(broker);
  for (const method of definitions(random)) {
    witness.call(1, method);
    await ground.sync();
    reopen(witness);
  }
  const connect = () => RandomClient.connect(broker, random, tally);
  const clients = [await connect(), await connect()];
  for (let left = 20 + random.below(100); left > 0; left--) {
    const at = random.below(2);
    clients[at]?.step();
    if (random.oneIn(4)) await ground.sync();
    if (random.oneIn(10)) broker.tick();
    if (broker.clientConnections.size === 3 && !random.oneIn(50)) continue;
    clients[at]?.peer.connection.ended();
    clients[at] = await connect();
  }
  await ground.sync();
  for (const { peer } of clients) peer.drain();
  requireService(witness);
  for (const { peer } of [...clients, { peer: witness }]) peer.connection.ended();
  broker.tick();
  await settled(broker);
  // Only now: work that was left may have been waiting for the log itself.
  await ground.sync();
  await settled(broker);
  requireNothingHeld(broker, ground.retainedCount());
  await ground.end();
}

/** Whole connections: what a client may send, right, wrong and damaged, cut anywhere. */
export const connectionFuzzers: readonly Fuzzer[] = [
  {
    name: 'amqp091 connection',
    handlers,
    run: async (random, tally) => fuzz(random, await inMemory(), tally),
  },
  {
    name: 'amqp091 connection on the real log',
    roundCount: 50,
    run: async (random, tally) => fuzz(random, await onRealLog(random), tally),
  },
];
