// The choice of the message to drop when a queue has more ready messages than its limit.

import { RunSet } from '../dispatch/run-set.ts';
import type { DeathReason } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import { DueHeap } from '../schedule/due-heap.ts';
import { Delivery } from '../subscription.ts';
import type { MessageQueue } from './message-queue.ts';
import type { ReturnedMessages } from './returned-messages.ts';

/** Maximum number of messages that are examined, or of entries that are passed over, before one is dropped. */
const examinedCountMax = 1000;
/** Bytes of a header section that count as a further message: it is decoded to find a value. */
const headBytesPerUnit = 256;
/** Background units for examining a message: for finding a value, and otherwise. */
const valueUnits = 8;
const examinedUnits = 1;
/** Maximum units of one step. */
const stepUnitsMax = 1024;
/** Entries of the first chunk of the heap, as a power of two. */
const chunkShift = 6;

/** The value of a message of which the queue keeps only the newest one. */
export interface MessageValue {
  readonly value: string;
  /** When the message was sent, milliseconds since 1970. */
  readonly sentAtMs: number;
}

/** ActiveMQ's `messageEvictionStrategy`. */
export interface EvictionRule {
  /**
   * What goes: the oldest message; the oldest one of the lowest priority; or all messages but the newest
   * one of each value, and if there are none, the oldest message.
   */
  readonly kind: 'oldest' | 'lowest-priority' | 'older-values';
  /** If more messages are ready, expired ones are removed before any other. */
  readonly expiredFromCount: number;
  /** `older-values`: the value of a message, or undefined if it has none. The view is open on it. */
  readonly valueOf?: ((view: Delivery) => MessageValue | undefined) | undefined;
}

/** A message to drop. */
interface Evicted {
  readonly sequence: number;
  readonly reason: DeathReason;
}

/** The newest message of a value. */
interface Newest {
  readonly sequence: number;
  readonly sentAtMs: number;
}

/**
 * Finds the message to drop. Messages are examined when the limit is exceeded, oldest first and each one
 * once, so that a queue whose consumer keeps up has no work. Those that a consumer got since are still in
 * the lists, and are passed over.
 */
export class Eviction {
  readonly #host: QueueHost;
  readonly #queue: MessageQueue;
  readonly #rule: EvictionRule;
  readonly #returned: ReturnedMessages;
  readonly #view = new Delivery();
  /** All messages before this one were examined. */
  #examinedTo = 0;
  /** Those that can still be examined before one is dropped. */
  #examinableCount = examinedCountMax;
  /** The number of entries of all lists below. */
  #entryCount = 0;
  #expiries = new DueHeap(chunkShift);
  /** Examined messages by priority. */
  #levels: (RunSet | undefined)[] = [];
  /** The newest examined message of each value, and the others. */
  #newest = new Map<string, Newest>();
  #older = new RunSet();
  /** The first value, and the others: a new iterator would pass over all that were deleted. */
  #value: string | undefined = undefined;
  #values = this.#newest.keys();
  /** Whether all messages in `#older` are being dropped. */
  #dropsOlder = false;
  /** All ready messages before this one were returned by a consumer. */
  #keptTo = 0;

  /** @param returned messages that stay */
  constructor(
    host: QueueHost,
    queue: MessageQueue,
    rule: EvictionRule,
    returned: ReturnedMessages,
  ) {
    this.#host = host;
    this.#queue = queue;
    this.#rule = rule;
    this.#returned = returned;
  }

  /**
   * Whether messages must be examined, and this turn permits no more: one message can exceed the limits of
   * many queues.
   */
  get mustWait(): boolean {
    return this.#host.turns.background.left <= 0 && this.#hasUnexamined;
  }

  /** Whether a message must be dropped even if the limit is not exceeded; true if that must wait. */
  get isWanted(): boolean {
    if (this.#dropsOlder) return true;
    const { readyCount, index } = this.#queue;
    if (!index.hasExpiryTimes || readyCount <= this.#rule.expiredFromCount) return false;
    if (this.mustWait) return true;
    if (this.#examine()) this.#examinableCount = examinedCountMax;
    return this.#firstExpired() >= 0;
  }

  /** The next message to drop; undefined if there is none, `'later'` if more must be examined first. */
  next(isExceeded: boolean): Evicted | 'later' | undefined {
    if (!this.#examine()) return 'later';
    this.#examinableCount = examinedCountMax;
    const expired = this.#firstExpired();
    if (expired >= 0) {
      this.#expiries.take();
      this.#entryCount--;
      return { sequence: expired, reason: 'expired' };
    }
    const older = this.#dropsOlder ? this.#takeFirst(this.#older) : -1;
    if (older < 0) this.#dropsOlder = false;
    if (older < 0 && !isExceeded) return undefined;
    const sequence = older >= 0 ? older : this.#choose();
    if (sequence === 'later') return 'later';
    return sequence < 0 ? undefined : { sequence, reason: 'maxlen' };
  }

  #choose(): number | 'later' {
    const { kind } = this.#rule;
    let sequence = -1;
    if (kind === 'lowest-priority') {
      for (const level of this.#levels) {
        if (sequence < 0 && level !== undefined) sequence = this.#takeFirst(level);
      }
    }
    if (kind === 'older-values' && this.#hasNewest()) {
      sequence = this.#takeFirst(this.#older);
      this.#dropsOlder = sequence >= 0;
    }
    return sequence >= 0 ? sequence : this.#oldest();
  }

  /** The first ready message that no consumer returned; -1 if there is none. */
  #oldest(): number | 'later' {
    const { order } = this.#queue;
    const head = order.peek();
    // Only without priorities, messages come after all that were there.
    const isKnown = !order.hasPriorities && head < this.#keptTo;
    let sequence = isKnown ? order.after(this.#keptTo - 1) : head;
    for (let left = examinedCountMax; sequence >= 0; left--) {
      if (!this.#returned.has(sequence)) return sequence;
      if (left === 0) return order.hasPriorities ? head : 'later';
      this.#keptTo = sequence + 1;
      sequence = order.after(sequence);
    }
    return -1;
  }

  /** Takes the first message that is ready out of a list; -1 if there is none. */
  #takeFirst(list: RunSet): number {
    // What is before the head is not ready.
    const head = Math.max(0, this.#queue.order.peek());
    let sequence = list.from(head);
    for (let left = examinedCountMax; left > 0 && sequence >= 0; left--) {
      list.delete(sequence);
      this.#entryCount--;
      if (this.#isReady(sequence)) return sequence;
      sequence = list.from(sequence + 1);
    }
    return -1;
  }

  /** Whether a message waits, and no consumer had it. */
  #isReady(sequence: number): boolean {
    const { index, order } = this.#queue;
    return index.isLive(sequence) && order.has(sequence) && !this.#returned.has(sequence);
  }

  /** The message that expired first and is still ready; -1 if there is none. */
  #firstExpired(): number {
    const nowMs = this.#host.nowMs();
    for (let left = examinedCountMax; left > 0 && this.#expiries.firstMs <= nowMs; left--) {
      const { firstId } = this.#expiries;
      if (this.#isReady(firstId)) return firstId;
      this.#expiries.take();
      this.#entryCount--;
    }
    return -1;
  }

  /** Whether a message with a value is ready. Forgets values whose newest message is not. */
  #hasNewest(): boolean {
    for (let left = examinedCountMax; left > 0; left--) {
      const value = this.#value ?? this.#values.next().value;
      const newest = value === undefined ? undefined : this.#newest.get(value);
      if (value === undefined || newest === undefined) {
        this.#values = this.#newest.keys();
        return false;
      }
      this.#value = value;
      if (this.#isReady(newest.sequence)) return true;
      this.#newest.delete(value);
      this.#entryCount--;
      this.#value = undefined;
    }
    return false;
  }

  get #hasUnexamined(): boolean {
    const { index } = this.#queue;
    return this.#isExamining && this.#firstUnexamined < index.next;
  }

  /** Whether the messages matter for what is dropped next. */
  get #isExamining(): boolean {
    if (this.#dropsOlder) return false;
    return this.#rule.kind !== 'oldest' || this.#queue.index.hasExpiryTimes;
  }

  get #firstUnexamined(): number {
    const { index, order } = this.#queue;
    return index.liveFrom(Math.max(this.#examinedTo, order.peek()));
  }

  /** Examines some of the oldest messages that were not. Returns false if more must be before one is dropped. */
  #examine(): boolean {
    const { index, readyCount } = this.#queue;
    if (!this.#isExamining) return true;
    if (this.#entryCount > 4 * (readyCount + examinedCountMax)) this.#forget();
    let sequence = this.#firstUnexamined;
    let units = 0;
    let isInMemory = true;
    while (this.#examinableCount > 0 && units < stepUnitsMax && sequence < index.next) {
      const taken = this.#examineOne(sequence);
      isInMemory = taken > 0;
      if (!isInMemory) break;
      units += taken;
      sequence = index.liveFrom(sequence + 1);
    }
    this.#examinedTo = sequence;
    if (units > 0) this.#host.turns.background.spend(units);
    return !isInMemory || this.#examinableCount <= 0 || sequence >= index.next;
  }

  /** Returns the units that it took; 0 if the message is not in memory. */
  #examineOne(sequence: number): number {
    const { kind } = this.#rule;
    let units = examinedUnits;
    if (kind === 'older-values') {
      if (!this.#compare(sequence)) return 0;
      const further = Math.floor(this.#view.headLength / headBytesPerUnit);
      this.#examinableCount -= further;
      units += valueUnits * (1 + further);
    }
    if (kind === 'lowest-priority') this.#rank(sequence);
    const expiryMs = this.#queue.index.expiresAtMs(sequence);
    if (expiryMs !== Infinity) {
      this.#expiries.add(expiryMs, sequence);
      this.#entryCount++;
    }
    this.#examinableCount--;
    return units;
  }

  /** Begins again at the head, if most entries are those of messages that are not ready any more. */
  #forget(): void {
    this.#examinedTo = 0;
    this.#entryCount = 0;
    this.#expiries = new DueHeap(chunkShift);
    this.#levels = [];
    this.#newest = new Map();
    this.#older = new RunSet();
    this.#value = undefined;
    this.#values = this.#newest.keys();
  }

  #rank(sequence: number): void {
    const priority = this.#queue.index.priority(sequence);
    const level = this.#levels[priority] ?? new RunSet();
    this.#levels[priority] = level;
    level.add(sequence);
    this.#entryCount++;
  }

  /** Compares a message with the newest one of its value. Returns false if it is not in memory. */
  #compare(sequence: number): boolean {
    const queue = this.#queue;
    if (!this.#host.store.view(queue.index, sequence, this.#view)) {
      if (!queue.isLoading) this.#host.load(queue, sequence);
      return false;
    }
    this.#entryCount++;
    const found = this.#rule.valueOf?.(this.#view);
    if (found === undefined) {
      this.#older.add(sequence);
      return true;
    }
    const { value, sentAtMs } = found;
    const newest = this.#newest.get(value);
    if (newest === undefined) this.#newest.set(value, { sequence, sentAtMs });
    else if (newest.sentAtMs > sentAtMs && this.#isReady(newest.sequence)) {
      this.#older.add(sequence);
    } else {
      this.#older.add(newest.sequence);
      this.#newest.set(value, { sequence, sentAtMs });
    }
    return true;
  }
}
