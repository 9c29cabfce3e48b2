// Gets of single messages, which may have to wait.

import type { QueueHost } from '../queue-host.ts';
import type { Delivery, Subscription } from '../subscription.ts';
import { isHeadExpired } from './message-expiry.ts';
import type { MessageQueue } from './message-queue.ts';

/** Answers a get: the message, or undefined if there is none. */
export type GetAnswer = (delivery: Delivery | undefined) => void;

/** The gets of a queue. They wait while the head is on disk, or while expired messages are removed. */
export class Gets {
  readonly #host: QueueHost;
  readonly #queue: MessageQueue;
  #waiting: (() => void)[] = [];

  constructor(host: QueueHost, queue: MessageQueue) {
    this.#host = host;
    this.#queue = queue;
  }

  /** See `Subscription.get`. */
  get(subscription: Subscription, settled: boolean, answer: GetAnswer, wanted?: number): void {
    const { store, delivery, turns } = this.#host;
    const queue = this.#queue;
    if (!subscription.isActive) return; // it was stopped while a block was read
    queue.touch();
    if (this.#isHeadExpired()) turns.background.doNow(queue);
    const sequence = wanted === undefined ? this.#head() : this.#readyOr(wanted);
    const again = () => this.get(subscription, settled, answer, wanted);
    if (sequence < 0) answer(undefined);
    else if (wanted === undefined && this.#isHeadExpired()) {
      this.#waiting.push(again);
      turns.background.add(queue);
    } else if (!store.view(queue.index, sequence, delivery)) {
      this.#waiting.push(again);
      this.#host.load(queue, sequence);
    } else if (queue.mustWait(subscription)) this.#waiting.push(again);
    else queue.give(subscription, sequence, settled, answer);
  }

  #head(): number {
    return this.#queue.isDeleted ? -1 : this.#queue.order.peek();
  }

  /** The number of a message if it is ready; otherwise -1. */
  #readyOr(wanted: number): number {
    const { isDeleted, index, order } = this.#queue;
    if (isDeleted || !index.isLive(wanted) || !order.has(wanted)) return -1;
    return this.#queue.hasExpired(wanted) ? -1 : wanted;
  }

  #isHeadExpired(): boolean {
    const { isDeleted, index } = this.#queue;
    return !isDeleted && index.hasExpiryTimes && isHeadExpired(this.#queue, this.#host.nowMs());
  }

  /** Tries all that wait again. */
  again(): void {
    for (const get of this.#waiting.splice(0)) get();
  }
}
