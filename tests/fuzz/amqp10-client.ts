// Clients of AMQP 1.0 that send random frames.

import assert from 'node:assert/strict';
import type { Broker } from '../../src/broker/broker.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { compositeCodes } from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { type Amqp10Peer, frameBytes, header } from '../support/amqp10-peer.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type Progress, randomFrame } from './amqp10-input.ts';
import type { Tally } from './tally.ts';

/** Turns of the event loop that what is left to do may take. */
const turnsMax = 1000;

/** Sends bytes in chunks cut anywhere. */
function sendCut(peer: Amqp10Peer, bytes: Buffer, random: SeededRandom): void {
  for (let at = 0; at < bytes.length; ) {
    const size = random.oneIn(4) ? 1 + random.below(40) : bytes.length - at;
    peer.receive(bytes.subarray(at, at + size));
    at += size;
  }
}

/** A client that sends what comes to its mind. */
export class RandomClient {
  readonly peer: Amqp10Peer;
  readonly #random: SeededRandom;
  readonly #tally: Tally;
  readonly #progress: Progress;
  #isClosing = false;

  private constructor(
    peer: Amqp10Peer,
    random: SeededRandom,
    tally: Tally,
    addresses: readonly string[] | undefined,
  ) {
    this.#progress = { deliveryId: -1, receivedCount: 0, handlers: [], addresses };
    this.peer = peer;
    this.#random = random;
    this.#tally = tally;
  }

  /** @param addresses those it sends to and receives from; undefined for ActiveMQ's */
  static async connect(
    peer: Amqp10Peer,
    random: SeededRandom,
    tally: Tally,
    addresses?: readonly string[],
  ): Promise<RandomClient> {
    await peer.logIn('eve', 'secret');
    peer.receive(header(0));
    const containerId = random.pick(['c', `c${random.below(1000)}`]);
    const maxFrameSize = random.pick([512, 1000, undefined]);
    peer.send({ code: compositeCodes.open, containerId, maxFrameSize });
    peer.begin(0, random.pick([1, 10, 1000]));
    const answers = peer.take();
    if (answers.some(({ body }) => body?.code === compositeCodes.open)) tally.reach('open');
    return new RandomClient(peer, random, tally, addresses);
  }

  /** Sends a frame, and looks at the answers. */
  step(): void {
    this.send(randomFrame(this.#random, this.#progress));
  }

  /** Sends a transfer of a message over a link. */
  transfer(payload: Buffer, handle: number): void {
    const deliveryId = ++this.#progress.deliveryId;
    const deliveryTag = Buffer.from('t');
    const { transfer } = compositeCodes;
    this.#progress.handlers = ['transfer'];
    this.send(frameBytes(0, { code: transfer, handle, deliveryId, deliveryTag }, payload));
  }

  /** Sends a frame, whole or damaged, and looks at the answers. */
  send(bytes: Buffer): void {
    const random = this.#random;
    const isDamaged = random.oneIn(60);
    this.#tally.input();
    sendCut(this.peer, isDamaged ? random.damaged(bytes) : bytes, random);
    if (random.oneIn(10)) this.peer.takesMore = false;
    else if (random.oneIn(5)) this.peer.drain();
    let isRefused = isDamaged || this.#isClosing;
    for (const { body, payload } of this.peer.take()) {
      if (body !== undefined && 'error' in body && body.error !== undefined) isRefused = true;
      if (body?.code === compositeCodes.close) this.#isClosing = true;
      if (body?.code !== compositeCodes.transfer) continue;
      assert.ok(!payload.includes('canary'), 'a message of another client');
      this.#progress.receivedCount++;
    }
    if (isRefused) return;
    for (const handler of this.#progress.handlers) this.#tally.reach(handler);
  }
}

/** What clients that are gone leave behind is given back in the turns after. */
export async function settled(broker: Broker): Promise<void> {
  for (let turns = 0; turns < turnsMax; turns++) {
    if (broker.background.isIdle && !broker.background.isPending) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * With every client gone nothing is held for one, and what is ready is all there is.
 *
 * @param mayStay whether a queue does not end with its client
 */
export function requireNothingHeld(
  broker: Broker,
  mayStay = ({ options }: Queue): boolean => options.durable,
): void {
  assert.equal(broker.clientConnections.size, 0, 'connections');
  assert.equal(broker.logWaiters.count, 0, 'waiters for the log');
  assert.ok(broker.background.isIdle, 'work is left');
  assert.equal(broker.unread.bytes, 0, 'unread bytes');
  assert.equal(broker.flow.publisherCount, 0, 'publishers');
  for (const queue of broker.vhost('/').queues.values()) {
    assert.equal(queue.consumerCount, 0, `consumers of ${queue.name}`);
    assert.equal(queue.readyCount, queue.index.count, `ready messages of ${queue.name}`);
    assert.ok(mayStay(queue), `${queue.name} was to end with its client`);
  }
}
