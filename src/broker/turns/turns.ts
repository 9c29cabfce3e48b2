// The work of each turn of the event loop.

import type { Clock } from '../../base/clock.ts';
import type { Deliverer } from '../subscription.ts';
import { Background } from './background.ts';
import { type Timed, Timers } from './timers.ts';

/** The interface to the broker. */
export interface TurnsHost {
  readonly clock: Clock;
  /** The clock that limits background work, milliseconds. */
  readonly turnMs: () => number;
  /** See {@link Limits}. */
  readonly workUnitsMax: number;
  /** See {@link BrokerOptions}. */
  readonly wakeAt: ((atMs: number) => void) | undefined;
  /** Whether the log is so far behind that workers must wait. */
  isBehind(): boolean;
  /** Whether queues are being recovered: nothing may be delivered, dead-lettered or dropped yet. */
  isRecovering(): boolean;
  /** All possible work was done: its changes must be written. */
  pumped(): void;
  /** Called with the error of a background job. */
  jobFailed(error: unknown): void;
}

/** An object with work at a time. */
export interface Ticking extends Timed {
  /** The time has come; milliseconds since 1970. */
  tick(nowMs: number): void;
}

/** A queue that continues to deliver in the next turn of the event loop. */
export interface Held extends Deliverer {
  /** Only set by {@link Turns}. */
  isHeld: boolean;
}

/**
 * Maximum units of deliveries in one turn, of one to three microseconds each; see {@link
 * deliveryUnits}.
 */
export const deliveryUnitsMax = 4096;

/**
 * Milliseconds after which no queue begins another burst in a turn, even if units are left: code
 * that runs for the first time, or a slow machine, takes much longer for a unit.
 */
const deliveryMsMax = 6;

/** Milliseconds that deliveries get in each turn, however long it had been before. */
const deliveryMsMin = 2;

/**
 * Deliverers between checks of the clock: a message that goes to many queues costs each of them a
 * delivery, and none of them another burst.
 */
const deliverersPerCheck = 32;

/** A queue with a limit of its messages. */
interface Limited {
  readonly isDeleted: boolean;
  /** See `Queue.enforceLimit`. */
  enforceLimit(): void;
}

/** Maximum number of messages that a queue may get before its limit is enforced in a later turn. */
const postponedCountMax = 1024;

/** The work of a broker in each turn of the event loop: deliveries, background work, timers. */
export class Turns {
  /** Work in slices. */
  readonly background: Background;
  /** The number of dispatch rounds so far. Blocks in memory do not move during a round. */
  pumpCount = 0;
  /** The units that can still be delivered in this turn: {@link deliveryUnits} for each message. */
  unitsLeft = deliveryUnitsMax;
  /** Called once, when a client publishes the first message or creates the first consumer. */
  messagesBegin: (() => void) | undefined = undefined;
  readonly #host: TurnsHost;
  readonly #timers = new Timers<Ticking>();
  #dirty: Deliverer[] = [];
  /** The queues that continue in the next turn. */
  #held: Held[] = [];
  /** The queues whose limits are enforced in the next turn, and how often that was postponed. */
  readonly #postponed = new Map<Limited, number>();
  #isTurnWanted = false;
  #nowMs = 0;
  /** When the first queue of this round of dispatch asked for another burst; -1 if none has. */
  #burstsSinceMs = -1;
  /** The last turn with many deliverers, when its work began, and when its deliveries were seen first. */
  #longTurn = -1;
  #longTurnSinceMs = 0;
  #deliveriesSinceMs = 0;

  constructor(host: TurnsHost) {
    this.#host = host;
    this.background = new Background(host.workUnitsMax, {
      monotonicMs: host.turnMs,
      isBehind: () => host.isBehind(),
      again: () => this.pump(),
      failed: (error) => host.jobFailed(error),
    });
  }

  /** Milliseconds since 1970, read once per turn. */
  nowMs(): number {
    if (this.#nowMs === 0) this.#nowMs = this.#host.clock.nowMs();
    return this.#nowMs;
  }

  /** Makes the clock be read again. */
  forgetTime(): void {
    this.#nowMs = 0;
  }

  /** A queue or a credit pool may have something to deliver. */
  markDirty(deliverer: Deliverer): void {
    if (deliverer.isDirty) return;
    deliverer.isDirty = true;
    this.#dirty.push(deliverer);
  }

  /** Returns the units that one queue may deliver before other queues; at least one message. */
  burstOf(countMax: number): number {
    return Math.max(1, Math.min(countMax, this.unitsLeft));
  }

  /** A queue has more to deliver, in this turn if its limit permits. */
  goOn(queue: Held): void {
    if (this.unitsLeft > 0 && !this.#isLate()) this.markDirty(queue);
    else this.hold(queue);
  }

  #isLate(): boolean {
    const nowMs = this.#host.turnMs();
    if (this.#burstsSinceMs < 0) this.#burstsSinceMs = nowMs;
    return nowMs - this.#burstsSinceMs > deliveryMsMax;
  }

  /** A queue delivers nothing more before the next turn of the event loop. */
  hold(queue: Held): void {
    if (queue.isHeld) return;
    queue.isHeld = true;
    this.#held.push(queue);
    this.#wantTurn();
  }

  /**
   * Whether the limit of a queue is enforced in a later turn, because the units of this one are spent and
   * a delivery might make room: a message can go to many queues, and each would deliver at once.
   */
  postpones(queue: Limited): boolean {
    const count = (this.#postponed.get(queue) ?? 0) + 1;
    if (this.unitsLeft > 0 || count > postponedCountMax) return false;
    this.#postponed.set(queue, count);
    this.#wantTurn();
    return true;
  }

  #enforceLimits(): void {
    for (const queue of this.#postponed.keys()) {
      if (this.unitsLeft <= 0) {
        this.#wantTurn();
        return;
      }
      this.#postponed.delete(queue);
      if (!queue.isDeleted) queue.enforceLimit();
    }
  }

  #wantTurn(): void {
    if (this.#isTurnWanted) return;
    this.#isTurnWanted = true;
    setImmediate(this.#nextTurn);
  }

  readonly #nextTurn = (): void => {
    this.#isTurnWanted = false;
    this.unitsLeft = deliveryUnitsMax;
    const held = this.#held;
    this.#held = [];
    for (const queue of held) {
      queue.isHeld = false;
      this.markDirty(queue);
    }
    const isMore = held.length + this.#postponed.size > 0;
    this.#enforceLimits();
    if (isMore) this.pump();
  };

  /** Delivers messages, and does the other work that this turn permits; nothing while queues are recovered. */
  pump(): void {
    if (this.#host.isRecovering()) return;
    this.pumpCount++;
    this.#burstsSinceMs = -1;
    do {
      while (this.#dirty.length > 0) {
        const dirty = this.#dirty;
        this.#dirty = [];
        let count = 0;
        for (const deliverer of dirty) {
          if (++count % deliverersPerCheck === 0) this.#lookAtClock();
          deliverer.isDirty = false;
          deliverer.deliver();
        }
      }
      this.background.work();
    } while (this.#dirty.length > 0);
    this.#host.pumped();
    this.#nowMs = 0;
    // Few turns deliver this much, so the other cases need not be distinguished.
    if (this.unitsLeft < deliveryUnitsMax / 2) this.#wantTurn();
  }

  /** The queues that have not delivered in this turn continue in the next one if it has been long. */
  #lookAtClock(): void {
    const nowMs = this.#host.turnMs();
    const { turn } = this.background;
    if (turn !== this.#longTurn) {
      this.#longTurn = turn;
      this.#longTurnSinceMs = this.background.begin(nowMs);
      this.#deliveriesSinceMs = nowMs;
      return;
    }
    const isLong = nowMs - this.#longTurnSinceMs > deliveryMsMax;
    const hadTime = nowMs - this.#deliveriesSinceMs > deliveryMsMin;
    if (isLong && hadTime) this.unitsLeft = Math.min(this.unitsLeft, 0);
  }

  /** A client publishes the first message, or creates a consumer. */
  beginMessages(): void {
    const begin = this.messagesBegin;
    this.messagesBegin = undefined;
    begin?.();
  }

  /** Schedules an object at a time, or earlier. */
  schedule(ticking: Ticking, atMs: number): void {
    if (ticking.timerMs <= atMs) return;
    const { firstMs } = this.#timers;
    this.#timers.add(ticking, atMs);
    if (atMs < firstMs) this.#host.wakeAt?.(atMs);
  }

  /** Cancels the timer of an object. */
  forget(ticking: Ticking): void {
    this.#timers.remove(ticking);
  }

  /** Performs due work as far as this turn permits. The rest follows in later turns. */
  doDue(): void {
    this.#nowMs = 0;
    const nowMs = this.nowMs();
    while (this.background.left > 0) {
      const ticking = this.#timers.takeDue(nowMs);
      if (ticking === undefined) break;
      this.background.spend(1);
      ticking.tick(nowMs);
    }
    this.pump();
    if (this.#timers.firstMs !== Infinity) this.#host.wakeAt?.(this.#timers.firstMs);
  }
}

/**
 * The units of the delivery of a message by the length of its body, and that of the converted body:
 * a conversion may decompress it, and takes several times as long as a copy.
 */
export function deliveryUnits(bodyLength: number, convertedLength = 0): number {
  return 1 + (bodyLength >>> 11) + (convertedLength >>> 9);
}
