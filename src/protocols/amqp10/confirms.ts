// Confirms of received messages, which wait until the messages are on disk.

import type { LogWaiter } from '../../broker/flow/log-waiters.ts';
import type { Composite } from './codec/performatives.gen.ts';

/** Memory that a waiting confirm is counted with, in bytes. */
export const confirmBytes = 64;

const accepted: Composite = { code: 0x24 };

/** The operations of the connection that are needed here. */
export interface ConfirmsHost {
  readonly broker: {
    readonly durableGroup: number;
    readonly logWaiters: { add(waiter: LogWaiter): void };
  };
  readonly held: { confirmCount: number };
  /** Requests a call of {@link Confirms.flush} at the end of the turn. */
  requestFlush(): void;
  /** The number of waiting confirms has changed. */
  setReading(): void;
  failed(thrown: unknown): void;
}

/** Writes a disposition for deliveries `first` to `last` of a session. */
export type WriteDisposition = (first: number, last: number, state: Composite) => void;

/**
 * Confirms of the deliveries that a peer sends in one session. Consecutive deliveries with the
 * outcome accepted are confirmed by one disposition at the end of a turn.
 */
export class Confirms implements LogWaiter {
  isAwaitingLog = false;
  readonly #host: ConfirmsHost;
  readonly #write: WriteDisposition;
  /** Delivery ids that wait, and the groups they wait for. */
  #ids: number[] = [];
  #groups: number[] = [];
  #first = 0;
  /** The range of accepted deliveries that is not written yet; -1 if there is none. */
  #rangeFirst = -1;
  #rangeLast = -1;

  constructor(host: ConfirmsHost, write: WriteDisposition) {
    this.#host = host;
    this.#write = write;
  }

  /** Whether any confirm waits for the log. */
  get isWaiting(): boolean {
    return this.#ids.length > this.#first;
  }

  /** Confirms a delivery once a group is on disk. */
  accept(deliveryId: number, group: number): void {
    if (group <= this.#host.broker.durableGroup) {
      this.#add(deliveryId);
      return;
    }
    this.#ids.push(deliveryId);
    this.#groups.push(group);
    this.#host.held.confirmCount++;
    this.#host.broker.logWaiters.add(this);
  }

  /** Writes a disposition with another outcome at once. */
  settle(deliveryId: number, state: Composite): void {
    this.flush();
    this.#write(deliveryId, deliveryId, state);
  }

  #add(deliveryId: number): void {
    if (this.#rangeFirst >= 0 && deliveryId !== (this.#rangeLast + 1) >>> 0) this.flush();
    if (this.#rangeFirst < 0) {
      this.#rangeFirst = deliveryId;
      this.#host.requestFlush();
    }
    this.#rangeLast = deliveryId;
  }

  durable(group: number): void {
    try {
      const count = this.#ids.length;
      while (this.#first < count && (this.#groups[this.#first] ?? 0) <= group) {
        this.#host.held.confirmCount--;
        this.#add(this.#ids[this.#first++] ?? 0);
      }
      if (this.#first === count) this.#forget(count);
      else if (this.#first >= 1024) this.#forget(this.#first);
      if (this.isWaiting) this.#host.broker.logWaiters.add(this);
      this.#host.setReading();
    } catch (thrown) {
      this.#host.failed(thrown);
    }
  }

  #forget(count: number): void {
    if (count === this.#ids.length) {
      this.#ids.length = 0;
      this.#groups.length = 0;
    } else {
      this.#ids = this.#ids.slice(count);
      this.#groups = this.#groups.slice(count);
    }
    this.#first = 0;
  }

  /** Writes the gathered range. */
  flush(): void {
    if (this.#rangeFirst < 0) return;
    const [first, last] = [this.#rangeFirst, this.#rangeLast];
    this.#rangeFirst = -1;
    this.#write(first, last, accepted);
  }

  /** Discards everything that waits. */
  drop(): void {
    this.#host.held.confirmCount -= this.#ids.length - this.#first;
    this.#forget(this.#ids.length);
    this.#rangeFirst = -1;
  }
}
