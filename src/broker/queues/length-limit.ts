// The limits of a queue's ready messages.

import type { QueueHost } from '../queue-host.ts';
import { Eviction } from './eviction.ts';
import type { MessageQueue } from './message-queue.ts';

/** Maximum number of excess messages dropped with a publish. More are dropped in slices. */
const excessCountMax = 8;

/** Returns the limit of a queue with its present settings; undefined if there is none. */
export function limitOf(host: QueueHost, queue: MessageQueue): LengthLimit | undefined {
  const { lengthMax, bytesMax } = queue.settings;
  return lengthMax === Infinity && bytesMax === Infinity ? undefined : new LengthLimit(host, queue);
}

/** The limits of the number and the size of the ready messages of a queue. */
export class LengthLimit {
  readonly #host: QueueHost;
  readonly #queue: MessageQueue;
  /** Undefined if the head is dropped. */
  readonly #eviction: Eviction | undefined;

  constructor(host: QueueHost, queue: MessageQueue) {
    const { eviction } = queue.settings;
    this.#host = host;
    this.#queue = queue;
    this.#eviction = eviction && new Eviction(host, queue, eviction);
  }

  /** See `Queue.isFull`. */
  isFull(bodyLength: number): boolean {
    const queue = this.#queue;
    if (queue.settings.overflow === 'drop-head' || this.#hasRoom(bodyLength)) return false;
    if (queue.consumerCount > 0) queue.deliverNow();
    return !this.#hasRoom(bodyLength);
  }

  #hasRoom(bodyLength: number): boolean {
    const queue = this.#queue;
    const { lengthMax, bytesMax, deadLettersSafely } = queue.settings;
    const dead = deadLettersSafely ? queue.disposal : undefined;
    const count = queue.readyCount + (queue.delayed?.count ?? 0) + (dead?.letterCount ?? 0);
    const bytes = queue.readyBytes + (queue.delayed?.bytes ?? 0) + (dead?.letterBytes ?? 0);
    return count < lengthMax && bytes + bodyLength <= bytesMax;
  }

  /** See `Queue.enforceLimit`. */
  enforce(): void {
    if (!this.isOver) return;
    const queue = this.#queue;
    const { turns } = this.#host;
    if (queue.consumerCount > 0) {
      if (turns.postpones(queue)) return;
      queue.deliverNow();
    }
    for (let left = excessCountMax; this.isOver; left--) {
      if (left === 0) {
        turns.background.add(queue);
        return;
      }
      if (!this.dropOne()) return;
    }
  }

  /** Whether a message must be dropped. */
  get isOver(): boolean {
    if (this.#queue.settings.overflow !== 'drop-head') return false;
    return this.#isExceeded || this.#eviction?.isWanted === true;
  }

  get #isExceeded(): boolean {
    const { readyCount, readyBytes, settings } = this.#queue;
    return readyCount > settings.lengthMax || readyBytes > settings.bytesMax;
  }

  /** Drops the next message. Returns false if there is none. */
  dropOne(): boolean {
    const queue = this.#queue;
    if (this.#eviction === undefined) {
      const sequence = queue.order.peek();
      if (sequence >= 0) queue.drop(sequence, 'maxlen');
      return sequence >= 0;
    }
    const evicted = this.#eviction.next(this.#isExceeded);
    if (evicted === undefined) return false;
    queue.drop(evicted.sequence, evicted.reason);
    return true;
  }
}
