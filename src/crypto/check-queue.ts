// A fair queue for expensive password checks.

import { type Clock, systemClock, type Timer } from '../base/clock.ts';

/** The limits of the queue. A lane is one user name from one source. */
export interface CheckLimits {
  /** Maximum number of concurrent checks. */
  readonly concurrentMax: number;
  /** Maximum number of waiting checks, of all sources and of one. */
  readonly waitingCountMax: number;
  readonly waitingPerSourceMax: number;
  /** The number of failed checks of a lane after which its checks are delayed. */
  readonly failedCountMax: number;
  /** The delay between the checks of such a lane, milliseconds. */
  readonly spacingMs: number;
  /**
   * Maximum number of waiting checks of such a lane. Further ones could not be checked before the
   * log-in times out, but would occupy places that other clients of the source need.
   */
  readonly waitingPerDelayedLaneMax: number;
  /** Milliseconds without a failure after which the failures of a lane are forgotten. */
  readonly forgetMs: number;
  /** Maximum number of lanes whose failures are remembered. */
  readonly laneCountMax: number;
}

/** The origin of a check. */
export interface CheckOrigin {
  /** The address or network of the peer. */
  readonly source: string;
  /** The user name; empty if the user does not exist. */
  readonly user: string;
  /** Whether the check can be skipped because its client has disconnected. */
  readonly isGone: boolean;
}

/**
 * The result of a check; undefined if it was skipped, and `busy` if it gave its place to one of a source
 * with fewer.
 */
export type CheckResult = boolean | undefined | 'busy';

interface Check {
  readonly origin: CheckOrigin;
  readonly run: () => Promise<boolean>;
  readonly done: (result: CheckResult | Promise<never>) => void;
}

/** The waiting checks of one user name from one source, in the order of their arrival. */
interface Lane {
  readonly key: string;
  readonly waiting: Check[];
}

interface Source {
  readonly lanes: Map<string, Lane>;
  count: number;
}

/** The failures of a lane. */
interface Failures {
  failedCount: number;
  failedAtMs: number;
}

/**
 * Schedules expensive checks fairly: sources take turns, and user names of a source take turns, so
 * that a source with many checks delays only itself. Checks of a lane with many failures are
 * delayed.
 */
export class CheckQueue {
  readonly #limits: CheckLimits;
  readonly #clock: Clock;
  /** Sources with waiting checks, in the order of their turns. */
  readonly #sources = new Map<string, Source>();
  /** Failures by lane; the most recent one is last. */
  readonly #records = new Map<string, Failures>();
  #waitingCount = 0;
  #busyCount = 0;
  #timer: Timer | undefined = undefined;

  constructor(limits: CheckLimits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** The number of waiting checks, including those that can be skipped. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /**
   * Runs a check when its turn comes.
   *
   * @param run performs the check
   * @returns 'busy' if too many checks are waiting
   */
  add(origin: CheckOrigin, run: () => Promise<boolean>): Promise<CheckResult> | 'busy' {
    if (!this.#hasRoom(origin.source) || !this.#hasLaneRoom(origin)) return 'busy';
    return new Promise((resolve) => {
      this.#push({ origin, run, done: resolve });
      this.#next();
    });
  }

  #hasRoom(name: string): boolean {
    const { waitingCountMax, waitingPerSourceMax } = this.#limits;
    const countOf = () => this.#sources.get(name)?.count ?? 0;
    const isFull = () => this.#waitingCount >= waitingCountMax;
    if (isFull() || countOf() >= waitingPerSourceMax) this.#dropGone();
    if (countOf() >= waitingPerSourceMax) return false;
    return !isFull() || this.#displace(countOf());
  }

  /**
   * Makes room for a check of a source in a full queue: the source with the most waiting checks loses its
   * newest one, so that others cannot keep a source out.
   *
   * @param count the waiting checks of the source that needs room
   * @returns false if no source has more than it would have
   */
  #displace(count: number): boolean {
    let largest: Source | undefined;
    for (const source of this.#sources.values()) {
      if (source.count > (largest?.count ?? count + 1)) largest = source;
    }
    if (largest === undefined) return false;
    const lanes = [...largest.lanes.values()].filter(({ waiting }) => waiting.length > 0);
    const check = lanes.at(-1)?.waiting.pop();
    if (check === undefined) return false;
    this.#count(largest, -1);
    check.done('busy');
    return true;
  }

  #hasLaneRoom({ source: name, user }: CheckOrigin): boolean {
    const source = this.#sources.get(name);
    const lane = source?.lanes.get(user);
    const { waitingPerDelayedLaneMax } = this.#limits;
    if (source === undefined || lane === undefined) return true;
    if (lane.waiting.length < waitingPerDelayedLaneMax || !this.#isDelayed(lane)) return true;
    this.#dropGoneOf(source, lane);
    return lane.waiting.length < waitingPerDelayedLaneMax;
  }

  #push(check: Check): void {
    const { source: name, user } = check.origin;
    const source = this.#sources.get(name) ?? { lanes: new Map(), count: 0 };
    this.#sources.set(name, source);
    const lane = source.lanes.get(user) ?? { key: JSON.stringify([name, user]), waiting: [] };
    source.lanes.set(user, lane);
    lane.waiting.push(check);
    source.count++;
    this.#waitingCount++;
  }

  #next(): void {
    while (this.#busyCount < this.#limits.concurrentMax) {
      const check = this.#take();
      if (check === undefined) return;
      this.#busyCount++;
      this.#run(check);
    }
  }

  #run({ origin, run, done }: Check): void {
    const ended = (result: boolean | Promise<never>) => {
      this.#busyCount--;
      if (result === false) this.#failed(JSON.stringify([origin.source, origin.user]));
      done(result);
      this.#next();
    };
    run().then(ended, (error: unknown) => ended(Promise.reject(error)));
  }

  /** The next check that may run now. If all must wait, a timer is set. */
  #take(): Check | undefined {
    const nowMs = this.#clock.monotonicMs();
    return this.#takeAny(nowMs, true) ?? this.#takeAny(nowMs, false);
  }

  /** @param isClean considers only lanes without failures, which need not wait for attackers */
  #takeAny(nowMs: number, isClean: boolean): Check | undefined {
    let dueMs = Infinity;
    for (const [name, source] of this.#sources) {
      const found = this.#takeFrom(source, nowMs, isClean);
      if (typeof found === 'number') {
        dueMs = Math.min(dueMs, found);
        if (source.lanes.size === 0) this.#sources.delete(name);
        continue;
      }
      // The source moves to the end of the queue.
      this.#sources.delete(name);
      if (source.lanes.size > 0) this.#sources.set(name, source);
      return found;
    }
    if (!isClean) this.#lookAt(dueMs, nowMs);
    return undefined;
  }

  /** The next check of a source, or the time when one is due; Infinity if none is waiting. */
  #takeFrom(source: Source, nowMs: number, isClean: boolean): Check | number {
    let dueMs = Infinity;
    for (const [user, lane] of source.lanes) {
      this.#dropGoneOf(source, lane);
      if (isClean && lane.waiting.length > 0 && this.#records.has(lane.key)) continue;
      const laneDueMs = this.#dueMs(lane, nowMs);
      if (lane.waiting.length > 0 && laneDueMs > nowMs) {
        dueMs = Math.min(dueMs, laneDueMs);
        continue;
      }
      source.lanes.delete(user);
      const check = lane.waiting.shift();
      if (lane.waiting.length > 0) source.lanes.set(user, lane);
      if (check === undefined) continue;
      this.#count(source, -1);
      return check;
    }
    return dueMs;
  }

  #lookAt(atMs: number, nowMs: number): void {
    this.#timer?.clear();
    if (atMs === Infinity) return;
    this.#timer = this.#clock.setTimeout(() => this.#next(), atMs - nowMs).unref();
  }

  #count(source: Source, change: number): void {
    source.count += change;
    this.#waitingCount += change;
  }

  #dropGone(): void {
    for (const source of this.#sources.values()) {
      for (const lane of source.lanes.values()) this.#dropGoneOf(source, lane);
    }
  }

  #dropGoneOf(source: Source, lane: Lane): void {
    if (!lane.waiting.some(({ origin }) => origin.isGone)) return;
    const all = lane.waiting.splice(0);
    for (const check of all) {
      if (!check.origin.isGone) {
        lane.waiting.push(check);
        continue;
      }
      this.#count(source, -1);
      check.done(undefined);
    }
  }

  /** The time from which a lane may run its next check. */
  #dueMs(lane: Lane, nowMs: number): number {
    const record = this.#records.get(lane.key);
    if (record === undefined || !this.#isDelayed(lane, nowMs)) return nowMs;
    return record.failedAtMs + this.#limits.spacingMs;
  }

  /** Whether the checks of a lane are delayed. */
  #isDelayed({ key }: Lane, nowMs: number = this.#clock.monotonicMs()): boolean {
    const { failedCountMax, forgetMs } = this.#limits;
    const record = this.#records.get(key);
    if (record === undefined || nowMs - record.failedAtMs > forgetMs) return false;
    return record.failedCount >= failedCountMax;
  }

  #failed(key: string): void {
    const { forgetMs, laneCountMax } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    const before = this.#records.get(key);
    const isForgotten = before === undefined || nowMs - before.failedAtMs > forgetMs;
    this.#records.delete(key);
    this.#records.set(key, {
      failedCount: isForgotten ? 1 : before.failedCount + 1,
      failedAtMs: nowMs,
    });
    if (this.#records.size <= laneCountMax) return;
    const [oldest] = this.#records.keys();
    if (oldest !== undefined) this.#records.delete(oldest);
  }
}
