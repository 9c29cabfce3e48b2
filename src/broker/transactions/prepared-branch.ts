import type { Queue } from '../queue.ts';
import type { Outcome, Subscription } from '../subscription.ts';

/** Messages of a queue that a prepared transaction settles: from one number to before another. */
export interface SettledRange {
  /** Number of the queue's window. */
  readonly queue: number;
  readonly from: number;
  readonly to: number;
  readonly outcome: Outcome;
}

/** What a prepared transaction is, as the log keeps it. A later change of the same xid begins anew. */
export type PreparedChange =
  | {
      readonly kind: 'prepared';
      readonly xid: string;
      readonly vhost: string;
      /** Its messages, by their numbers among the held ones. */
      readonly from: number;
      readonly to: number;
      /** Bytes of these. */
      readonly bytes: number;
    }
  | {
      readonly kind: 'prepared-settlements';
      readonly xid: string;
      readonly ranges: readonly SettledRange[];
    }
  | { readonly kind: 'prepared-ended'; readonly xid: string };

/** Ranges in one definition. */
const rangesMax = 4096;

/** A delivery that a prepared transaction settles. */
export interface PreparedDelivery {
  readonly queue: Queue;
  readonly sequence: number;
  readonly outcome: Outcome;
  /** Whose account it is in; undefined after a restart. */
  readonly subscription: Subscription | undefined;
  readonly number: number;
}

/** A transaction that is prepared: durable, without effect until its outcome. */
export class PreparedBranch {
  readonly xid: string;
  readonly vhost: string;
  /** Its messages, by their numbers among the held ones: from one to before another. */
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  deliveries: readonly PreparedDelivery[] = [];
  /** Settlements as the log has them; those of queues that are not durable are not among them. */
  readonly ranges: SettledRange[] = [];
  /** Whether its commit has begun: no other outcome is possible any more. */
  isCommitting = false;

  constructor(xid: string, vhost: string, from: number, to: number, bytes: number) {
    this.xid = xid;
    this.vhost = vhost;
    this.from = from;
    this.to = to;
    this.bytes = bytes;
  }

  /** Publishes and settlements, a range of settlements counting as one after a restart. */
  get operationCount(): number {
    return this.to - this.from + Math.max(this.deliveries.length, this.ranges.length);
  }

  /** Takes over deliveries that are settled by this transaction. */
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

  /** What recreates it but for its messages. */
  *changes(): Generator<PreparedChange> {
    const { xid, vhost, from, to, bytes } = this;
    yield { kind: 'prepared', xid, vhost, from, to, bytes };
    for (let first = 0; first < this.ranges.length; first += rangesMax) {
      const ranges = this.ranges.slice(first, first + rangesMax);
      yield { kind: 'prepared-settlements', xid, ranges };
    }
  }
}
