// A prepared transaction.

import type { Queue } from '../queue.ts';
import type { Outcome, Subscription } from '../subscription.ts';

/** Messages of a queue that a prepared transaction settles: numbers `from` to before `to`. */
export interface SettledRange {
  /** The number of the queue's index. */
  readonly queue: number;
  readonly from: number;
  readonly to: number;
  readonly outcome: Outcome;
}

/** A prepared transaction, as stored in the log. A later change with the same xid starts again. */
export type PreparedChange =
  | {
      readonly kind: 'prepared';
      readonly xid: string;
      readonly vhost: string;
      /** The numbers of its held messages: from `from` to before `to`. */
      readonly from: number;
      readonly to: number;
      /** The size of its messages, bytes. */
      readonly bytes: number;
      /** The user that prepared it; missing in records of earlier versions. */
      readonly user?: string;
    }
  | {
      readonly kind: 'prepared-settlements';
      readonly xid: string;
      readonly ranges: readonly SettledRange[];
    }
  | { readonly kind: 'prepared-ended'; readonly xid: string };

type Prepared = Extract<PreparedChange, { readonly kind: 'prepared' }>;

/** Maximum number of ranges in one definition. */
const rangesMax = 4096;

/** A delivery that a prepared transaction settles. */
export interface PreparedDelivery {
  readonly queue: Queue;
  readonly sequence: number;
  readonly outcome: Outcome;
  /** The subscription that counts it; undefined after a restart. */
  readonly subscription: Subscription | undefined;
  readonly number: number;
}

/** A prepared transaction: durable, without effect until its outcome. */
export class PreparedBranch {
  readonly xid: string;
  readonly vhost: string;
  /** The numbers of its held messages: from `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** The user that prepared it; undefined if it is not known. */
  readonly user: string | undefined;
  deliveries: readonly PreparedDelivery[] = [];
  /** The settlements in the log, which exclude those of non-durable queues. */
  readonly ranges: SettledRange[] = [];
  /** The outcome that has started, so that no other one is possible. */
  ending: 'committed' | 'rolled back' | undefined = undefined;

  constructor({ xid, vhost, from, to, bytes, user }: Omit<Prepared, 'kind'>) {
    this.xid = xid;
    this.vhost = vhost;
    this.from = from;
    this.to = to;
    this.bytes = bytes;
    this.user = user;
  }

  /**
   * The number of publishes and settlements. After a restart, a range of settlements counts as one.
   */
  get operationCount(): number {
    return this.to - this.from + Math.max(this.deliveries.length, this.ranges.length);
  }

  /** Adds deliveries that the transaction settles. */
  settle(deliveries: readonly PreparedDelivery[]): void {
    this.deliveries = deliveries;
    for (const { queue, sequence, outcome } of deliveries) {
      if (!queue.index.isDurable) continue;
      const last = this.ranges.at(-1);
      const isNext = last?.queue === queue.index.number && last.outcome === outcome;
      if (isNext && last?.to === sequence) {
        this.ranges[this.ranges.length - 1] = { ...last, to: sequence + 1 };
      } else {
        const { number } = queue.index;
        this.ranges.push({ queue: number, from: sequence, to: sequence + 1, outcome });
      }
    }
  }

  /** Yields the changes that recreate it without its messages. */
  *changes(): Generator<PreparedChange> {
    const { xid, vhost, from, to, bytes, user } = this;
    const own = user === undefined ? {} : { user };
    yield { kind: 'prepared', xid, vhost, from, to, bytes, ...own };
    for (let first = 0; first < this.ranges.length; first += rangesMax) {
      const ranges = this.ranges.slice(first, first + rangesMax);
      yield { kind: 'prepared-settlements', xid, ranges };
    }
  }
}
