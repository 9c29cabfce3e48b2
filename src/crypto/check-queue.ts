import { type Clock, systemClock, type Timer } from '../base/clock.ts';

/** Limits of the checks that wait for their turn. A lane is one user name at one source. */
export interface CheckLimits {
  /** Checks at a time. */
  readonly concurrentMax: number;
  /** Checks that wait, of all sources and of one. */
  readonly waitingCountMax: number;
  readonly waitingPerSourceMax: number;
  /** Checks of a lane that may fail before its checks are spaced out. */
  readonly failedCountMax: number;
  /** Milliseconds between two checks of a lane after that. */
  readonly spacingMs: number;
  /** Milliseconds without a failure after which a lane's failures are forgotten. */
  readonly forgetMs: number;
  /** Lanes whose failures are remembered. */
  readonly laneCountMax: number;
}

/** Whose check it is. */
export interface CheckOrigin {
  /** Address or network that it came from. */
  readonly source: string;
  /** Name of the user; empty where there is no such user. */
  readonly user: string;
  /** Whether nobody waits for the answer any more, so that it need not be found out. */
  readonly isGone: boolean;
}

/** What a check found; undefined: nobody waited for it any more, so it was not done. */
export type CheckResult = boolean | undefined;

interface Check {
  readonly origin: CheckOrigin;
  readonly run: () => Promise<boolean>;
  readonly done: (result: CheckResult | Promise<never>) => void;
}

/** The checks of one user name from one source that wait, in the order in which they came. */
interface Lane {
  readonly key: string;
  readonly waiting: Check[];
}

interface Source {
  readonly lanes: Map<string, Lane>;
  count: number;
}

/** The failures of a lane. */
interface Record {
  failedCount: number;
  failedAtMs: number;
}

/**
 * Gives costly checks their turns: sources take turns, and so do the user names of a source, so that
 * whoever asks for many waits for itself. A lane with many failures has its checks spaced out.
 */
export class CheckQueue {
  readonly #limits: CheckLimits;
  readonly #clock: Clock;
  /** In the order of their turns; a source without a waiting check is not in it. */
  readonly #sources = new Map<string, Source>();
  /** By lane, the newest failure last. */
  readonly #records = new Map<string, Record>();
  #waitingCount = 0;
  #busyCount = 0;
  #timer: Timer | undefined = undefined;

  constructor(limits: CheckLimits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Checks that wait, those included for which nobody waits any more. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /**
   * Runs a check when its turn comes.
   *
   * @param run says whether what is checked is right
   * @returns 'busy' where too many wait
   */
  add(origin: CheckOrigin, run: () => Promise<boolean>): Promise<CheckResult> | 'busy' {
    if (!this.#hasRoom(origin.source)) return 'busy';
    return new Promise((resolve) => {
      this.#push({ origin, run, done: resolve });
      this.#next();
    });
  }

  #hasRoom(name: string): boolean {
    const { waitingCountMax, waitingPerSourceMax } = this.#limits;
    const isFull = () =>
      this.#waitingCount >= waitingCountMax ||
      (this.#sources.get(name)?.count ?? 0) >= waitingPerSourceMax;
    if (isFull()) this.#dropGone();
    return !isFull();
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

  /** The next check whose lane may have one now; where all have to wait, it is looked again then. */
  #take(): Check | undefined {
    const nowMs = this.#clock.monotonicMs();
    return this.#takeAny(nowMs, true) ?? this.#takeAny(nowMs, false);
  }

  /** @param isClean of lanes without a failure only: they need not wait for those who guess */
  #takeAny(nowMs: number, isClean: boolean): Check | undefined {
    let dueMs = Infinity;
    for (const [name, source] of this.#sources) {
      const found = this.#takeFrom(source, nowMs, isClean);
      if (typeof found === 'number') {
        dueMs = Math.min(dueMs, found);
        if (source.lanes.size === 0) this.#sources.delete(name);
        continue;
      }
      // It goes to the end: others have their turn first.
      this.#sources.delete(name);
      if (source.lanes.size > 0) this.#sources.set(name, source);
      return found;
    }
    if (!isClean) this.#lookAt(dueMs, nowMs);
    return undefined;
  }

  /** The next check of a source, or when one is due: never where none waits. */
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

  /** From when on a lane may have its next check. */
  #dueMs({ key }: Lane, nowMs: number): number {
    const { failedCountMax, spacingMs, forgetMs } = this.#limits;
    const record = this.#records.get(key);
    if (record === undefined || nowMs - record.failedAtMs > forgetMs) return nowMs;
    return record.failedCount < failedCountMax ? nowMs : record.failedAtMs + spacingMs;
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
