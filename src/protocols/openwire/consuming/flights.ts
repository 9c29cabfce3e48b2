// The unsettled deliveries of a consumer.

import type { Source } from '../../../broker/activemq/consumption.ts';
import type { MessageId, ProducerId } from '../codec/commands.gen.ts';
import type { Long } from '../codec/wire-reader.ts';
import { isSameMessage } from '../ids.ts';
import type { OpenTransaction } from '../transactions/open-transaction.ts';

/** A delivery that has not been settled. */
export interface Flight {
  /** The number of the delivery on its connection, which the client returns. */
  readonly number: number;
  /** The id of the message. */
  readonly textView: string | undefined;
  readonly producerId: ProducerId | undefined;
  readonly producerSequenceId: Long;
  readonly source: Source;
  /** The number of the delivery in its subscription. */
  readonly deliveryNumber: number;
  readonly expiresAtMs: number;
  /** The transaction that settles it at commit. */
  transaction: OpenTransaction | undefined;
  /** Whether the consumer ended before the transaction. */
  isSetAside: boolean;
  isSettled: boolean;
}

/** Number of settled deliveries up to which they are not removed from the list. */
const settledCountMax = 1024;

/** The unsettled deliveries of a consumer, in the order of their dispatch. */
export class Flights {
  /** The number of unsettled deliveries, including those of transactions. */
  count = 0;
  /** In order; those that were settled are removed later. */
  #all: Flight[] = [];
  #first = 0;

  add(flight: Flight): void {
    this.#all.push(flight);
    this.count++;
  }

  /** A delivery is settled. */
  remove(flight: Flight): void {
    if (flight.isSettled) return;
    flight.isSettled = true;
    this.count--;
    while (this.#all[this.#first]?.isSettled === true) this.#first++;
    if (this.count === 0) {
      this.#all.length = 0;
      this.#first = 0;
      return;
    }
    const settledCount = this.#all.length - this.count;
    if (settledCount <= Math.max(settledCountMax, this.count)) return;
    // Also if the first one stays unsettled, the list must not grow with what was settled.
    this.#all = this.all();
    this.#first = 0;
  }

  /**
   * Returns the unsettled delivery of a message.
   *
   * @param spend told how many deliveries were searched, if the client did not return its number
   */
  find(id: MessageId, spend: (count: number) => void): Flight | undefined {
    const at = this.#atNumber(Number(id.brokerSequenceId));
    const found = this.#all[at];
    if (found !== undefined && !found.isSettled && isSameMessage(found, id)) return found;
    spend(this.#all.length - this.#first);
    for (let i = this.#first; i < this.#all.length; i++) {
      const each = this.#all[i];
      if (each?.isSettled === false && isSameMessage(each, id)) return each;
    }
    return undefined;
  }

  /** The index of a delivery number, or of the next one. */
  #atNumber(number: number): number {
    let low = this.#first;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#all[middle]?.number ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The unsettled deliveries from one to another, inclusive; from the first if there is no start. */
  range(from: Flight | undefined, to: Flight): Flight[] {
    const start = from === undefined ? this.#first : this.#atNumber(from.number);
    const end = this.#atNumber(to.number);
    return this.#all.slice(start, end + 1).filter((flight) => !flight.isSettled);
  }

  /** The number of entries, for tests: unsettled deliveries, and settled ones between them. */
  get size(): number {
    return this.#all.length;
  }

  /** All unsettled deliveries. */
  all(): Flight[] {
    return this.#all.slice(this.#first).filter((flight) => !flight.isSettled);
  }

  /** The unsettled deliveries after a number; undefined if that delivery is settled or unknown. */
  after(number: number): Flight[] | undefined {
    const at = this.#atNumber(number);
    const found = this.#all[at];
    if (found?.number !== number || found.isSettled) return undefined;
    return this.#all.slice(at + 1).filter((flight) => !flight.isSettled);
  }
}
