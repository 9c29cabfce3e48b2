import assert from 'node:assert/strict';
import type { Broker } from '../../src/broker/broker.ts';
import { AmqpPeer, openBroker, publishFrames } from '../support/amqp-peer.ts';
import type { MemoryLog } from '../support/memory-log.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { definitions, randomFrames } from './amqp091-input.ts';
import type { Fuzzer } from './fuzzer.ts';

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
    peer.call(channel, { id: 0x00140029 });
    peer.call(channel, { id: 0x0014000a });
  }
  return closed;
}

/** A client with two open channels, which knows what it has not settled. */
class RandomClient {
  readonly peer: AmqpPeer;
  readonly #random: SeededRandom;
  readonly #tags = new Map<number, number[]>();

  private constructor(peer: AmqpPeer, random: SeededRandom) {
    this.peer = peer;
    this.#random = random;
  }

  static async connect(broker: Broker, random: SeededRandom): Promise<RandomClient> {
    const client = new RandomClient(await AmqpPeer.ready(broker), random);
    client.peer.call(2, { id: 0x0014000a });
    return client;
  }

  /** Does one thing; a mistake that closed a channel is made good by opening another. */
  step(): void {
    const random = this.#random;
    const channel = 1 + random.below(2);
    const frames = randomFrames(random, { tags: this.#tags, channel });
    this.#send(random.oneIn(60) ? random.damaged(frames) : frames);
    if (random.oneIn(10)) this.peer.takesMore = false;
    else if (random.oneIn(5)) this.peer.drain();
  }

  #send(bytes: Buffer): void {
    sendCut(this.peer, bytes, this.#random);
    for (const { channel, tag } of this.peer.deliveries.splice(0)) {
      const tags = this.#tags.get(channel) ?? [];
      this.#tags.set(channel, [...tags.slice(-8), tag]);
    }
    for (const channel of reopen(this.peer)) this.#tags.delete(channel);
  }
}

/** With every client gone nothing is held for one, and what is ready is all there is. */
function requireNothingHeld(broker: Broker, log: MemoryLog): void {
  assert.equal(broker.sessions.size, 0, 'sessions');
  assert.equal(broker.logWaiters.count, 0, 'waiters for the log');
  assert.ok(broker.background.isIdle, 'work is left');
  assert.equal(broker.unread.bytes, 0, 'unread bytes');
  assert.equal(broker.flow.publisherCount, 0, 'publishers');
  let liveCount = 0;
  for (const queue of broker.vhost('/').queues.values()) {
    const { window } = queue;
    assert.equal(queue.subscriptions.length, 0, `consumers of ${queue.name}`);
    assert.equal(queue.readyCount, window.count, `ready messages of ${queue.name}`);
    let bytes = 0;
    for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) {
      bytes += window.bodyLength(s);
    }
    assert.equal(queue.readyBytes, bytes, `ready bytes of ${queue.name}`);
    liveCount += window.count;
  }
  const retained = log.all.reduce((sum, block) => sum + (block?.live ?? 0), 0);
  assert.equal(retained, liveCount, 'messages retained in blocks');
}

/** Another client works as if nothing had happened. */
function requireService(peer: AmqpPeer): void {
  peer.declare('control', {}, { durable: false });
  peer.send(publishFrames(1, 'control', 'still here'));
  const [, body] = peer.call(1, { id: 0x003c0046, queue: 'control', noAck: true });
  assert.equal(body, 'still here');
}

/** Whole connections: what a client may send, right, wrong and damaged, cut anywhere. */
export const connectionFuzzer: Fuzzer = {
  name: 'amqp091 connection',
  run: async (random) => {
    const { broker, log } = await openBroker({ bodyBytesMax: 1000, pendingBytesMax: 4000 });
    const witness = await AmqpPeer.ready(broker);
    for (const method of definitions(random)) {
      witness.call(1, method);
      log.syncNow();
      reopen(witness);
    }
    const connect = () => RandomClient.connect(broker, random);
    const clients = [await connect(), await connect()];
    for (let left = 20 + random.below(100); left > 0; left--) {
      const at = random.below(2);
      clients[at]?.step();
      if (random.oneIn(4)) log.syncNow();
      if (random.oneIn(10)) broker.tick();
      if (broker.sessions.size === 3 && !random.oneIn(50)) continue;
      clients[at]?.peer.connection.ended();
      clients[at] = await connect();
    }
    log.syncNow();
    for (const { peer } of clients) peer.drain();
    requireService(witness);
    for (const { peer } of [...clients, { peer: witness }]) peer.connection.ended();
    broker.tick();
    log.syncNow();
    requireNothingHeld(broker, log);
  },
};
