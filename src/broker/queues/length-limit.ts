// The maximum length and size of a queue.

import type { QueueHost } from '../queue-host.ts';
import { Eviction } from './eviction.ts';
import type { MessageQueue } from './message-queue.ts';
import { ReturnedMessages } from './returned-messages.ts';

/** Maximum number of excess messages dropped with a publish. More are dropped in slices. */
const excessCountMax = 8;

/** Returns the limit of a queue with its present settings; undefined if there is none. */
export function limitOf(host: QueueHost, queue: MessageQueue): LengthLimit | undefined {
  const { lengthMax, bytesMax } = queue.settings;
  return lengthMax === Infinity && bytesMax === Infinity ? undefined : new LengthLimit(host, queue);
}

/**
 * The limits of the number and the size of the messages of a queue. Ready messages count, delayed ones, and
 * dead letters that are kept until they are published. Messages with consumers do not. For consumers of
 * topics, whose limits are those of ActiveMQ, neither do messages that they returned: these are never dropped
 * for a limit.
 */
export class LengthLimit {
  readonly #host: QueueHost;
  readonly #queue: MessageQueue;
  /** Undefined if the head is dropped. */
  readonly #eviction: Eviction | undefined;
  /** Undefined if the head is dropped. */
  readonly #returned: ReturnedMessages | undefined;

  constructor(host: QueueHost, queue: MessageQueue) {
    const { eviction } = queue.settings;
    this.#host = host;
    this.#queue = queue;
    if (eviction === undefined) return;
    this.#returned = new ReturnedMessages(queue);
    this.#eviction = new Eviction(host, queue, eviction, this.#returned);
  }

  /** A message that a consumer returned is ready again. */
  returned(sequence: number): void {
    this.#returned?.add(sequence);
  }

  /** See `Queue.isFull`. */
  isFull(bodyLength: number): boolean {
    const queue = this.#queue;
    if (queue.settings.overflow === 'drop-head' || this.#hasRoom(bodyLength)) return false;
    if (queue.consumerCount > 0) queue.deliverNow();
    return !this.#hasRoom(bodyLength);
  }

  #hasRoom(bodyLength: number): boolean {
    const { lengthMax, bytesMax } = this.#queue.settings;
    return this.#count < lengthMax && this.#bytes + bodyLength <= bytesMax;
  }

  get #count(): number {
    const { readyCount, delayed, disposal, settings } = this.#queue;
    const letterCount = settings.deadLettersSafely ? (disposal?.letterCount ?? 0) : 0;
    return readyCount + (delayed?.count ?? 0) + letterCount;
  }

  get #bytes(): number {
    const { readyBytes, delayed, disposal, settings } = this.#queue;
    const letterBytes = settings.deadLettersSafely ? (disposal?.letterBytes ?? 0) : 0;
    return readyBytes + (delayed?.bytes ?? 0) + letterBytes;
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
      if (left === 0 || this.#eviction?.mustWait === true) {
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
    const { lengthMax, bytesMax } = this.#queue.settings;
    const count = this.#count;
    if (count > lengthMax && count - (this.#returned?.count ?? 0) > lengthMax) return true;
    return this.#bytes > bytesMax;
  }

  /**
   * Drops the next ready message; if none is, the one that would be ready first. Returns false if there is
   * none. It may only find out which one is next, for one of the next calls.
   */
  dropOne(): boolean {
    const queue = this.#queue;
    if (this.#eviction === undefined) {
      const sequence = queue.order.peek();
      if (sequence < 0) return queue.dropDelayed();
      queue.drop(sequence, 'maxlen');
      return true;
    }
    const evicted = this.#eviction.next(this.#isExceeded);
    if (evicted === undefined) return false;
    if (evicted !== 'later') queue.drop(evicted.sequence, evicted.reason);
    return true;
  }
}
