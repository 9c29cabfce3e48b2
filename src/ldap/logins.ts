// Scheduling and caching of log-ins that a directory checks.

import { createHmac } from 'node:crypto';
import { sourceOf, withoutPort } from '../base/address.ts';
import { encodeText } from '../base/byte-text.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { WaxwingError } from '../base/errors.ts';
import { systemRandom } from '../base/random.ts';
import { type CheckOrigin, CheckQueue } from '../crypto/check-queue.ts';
import { type LoginLimits, loginLimits } from '../crypto/password.ts';
import type { DirectoryUser, LogInResult } from './directory.ts';
import { directoryLimits } from './settings.ts';

/** The limits of log-ins that a directory checks. */
export interface DirectoryLoginLimits extends LoginLimits {
  /**
   * The time for which a successful log-in is repeated without asking, milliseconds. A user that was
   * removed or whose groups were changed can log in as before for this time.
   */
  readonly rememberedMs: number;
  /** The time for which a refused log-in is refused without asking, milliseconds. */
  readonly refusedMs: number;
  /** Maximum number of remembered log-ins, successful and refused ones each. */
  readonly rememberedCountMax: number;
}

/** The default limits of log-ins that a directory checks. */
export const directoryLoginLimits: DirectoryLoginLimits = {
  ...loginLimits,
  concurrentMax: 8,
  rememberedMs: 60_000,
  refusedMs: 5000,
  rememberedCountMax: 1000,
};

/** A log-in attempt. */
export interface Attempt {
  readonly username: string;
  readonly password: string;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  /** Whether the client has disconnected. */
  readonly isGone: boolean;
}

/** A service that checks one log-in. */
export interface CheckedDirectory<Found extends object> {
  /** @throws {WaxwingError} if it does not answer */
  logIn(username: string, password: string): Promise<LogInResult<Found>>;
}

/** The answer to a log-in attempt. */
export type Answer<Found extends object = DirectoryUser> =
  | LogInResult<Found>
  /** Too many log-ins are waiting. */
  | 'busy'
  /** The client disconnected before its log-in was checked. */
  | 'gone'
  /** The directory did not answer. */
  | 'unavailable';

interface Remembered<Found extends object> {
  readonly answer: LogInResult<Found>;
  readonly untilMs: number;
}

/**
 * Checks log-ins against a directory or another service, a limited number at a time. Sources and user names take turns,
 * and failures delay further attempts, as for passwords that the broker itself checks. Answers are
 * remembered for a short time under a key that never leaves this process.
 */
export class DirectoryLogins<Found extends object = DirectoryUser> {
  readonly #directory: CheckedDirectory<Found>;
  readonly #limits: DirectoryLoginLimits;
  readonly #clock: Clock;
  readonly #queue: CheckQueue;
  readonly #key = systemRandom.bytes(32);
  readonly #succeeded = new Map<string, Remembered<Found>>();
  readonly #refused = new Map<string, Remembered<Found>>();
  /** By source, user name and password, so that simultaneous log-ins of a client ask once. */
  readonly #waiting = new Map<string, Waiting<Found>>();

  constructor(
    directory: CheckedDirectory<Found>,
    limits: DirectoryLoginLimits = directoryLoginLimits,
    clock: Clock = systemClock,
  ) {
    this.#directory = directory;
    this.#limits = limits;
    this.#clock = clock;
    this.#queue = new CheckQueue(limits, clock);
  }

  /** Checks a log-in. A failure is reported after a minimum time, regardless of the reason. */
  async check(attempt: Attempt): Promise<Answer<Found>> {
    const beganMs = this.#clock.monotonicMs();
    const { username, password } = attempt;
    // Both lengths are part of the text, so that different pairs have different texts.
    const pair = createHmac('sha256', this.#key)
      .update(encodeText(`${username.length} ${username}${password}`))
      .digest('base64');
    const answer = this.#recall(pair) ?? (await this.#ask(pair, attempt));
    if (typeof answer !== 'string') return answer;
    const leftMs = beganMs + this.#limits.refusalMs - this.#clock.monotonicMs();
    if (leftMs > 0) {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, leftMs).unref());
    }
    return answer;
  }

  #ask(pair: string, attempt: Attempt): Promise<Answer<Found>> {
    const source = sourceOf(withoutPort(attempt.peerAddress));
    const key = `${source} ${pair}`;
    const before = this.#waiting.get(key);
    if (before !== undefined) {
      before.attempts.add(attempt);
      return before.answer;
    }
    const waiting = new Waiting<Found>(source, attempt);
    let result: LogInResult<Found> | undefined;
    const found = this.#queue.add(waiting, async () => {
      result = await this.#logIn(pair, attempt);
      return typeof result !== 'string';
    });
    if (found === 'busy') return Promise.resolve('busy');
    this.#waiting.set(key, waiting);
    waiting.answer = found
      .then(
        (checked): Answer<Found> => (checked === 'busy' ? 'busy' : (result ?? 'gone')),
        (error: unknown): Answer<Found> => {
          if (error instanceof WaxwingError) return 'unavailable';
          throw error;
        },
      )
      .finally(() => this.#waiting.delete(key));
    return waiting.answer;
  }

  /** The answer may have arrived while the attempt waited. */
  async #logIn(pair: string, { username, password }: Attempt): Promise<LogInResult<Found>> {
    const known = this.#recall(pair);
    if (known !== undefined) return known;
    const answer = await this.#directory.logIn(username, password);
    const { rememberedMs, refusedMs, rememberedCountMax } = this.#limits;
    const [list, forMs] =
      typeof answer === 'string'
        ? ([this.#refused, refusedMs] as const)
        : ([this.#succeeded, rememberedMs] as const);
    list.delete(pair);
    list.set(pair, { answer, untilMs: this.#clock.monotonicMs() + forMs });
    const [oldest] = list.keys();
    if (list.size > rememberedCountMax && oldest !== undefined) list.delete(oldest);
    return answer;
  }

  #recall(pair: string): LogInResult<Found> | undefined {
    for (const list of [this.#succeeded, this.#refused]) {
      const found = list.get(pair);
      if (found !== undefined && found.untilMs > this.#clock.monotonicMs()) return found.answer;
      list.delete(pair);
    }
    return undefined;
  }
}

/** A log-in that waits for its answer, with all attempts that wait for the same answer. */
class Waiting<Found extends object> implements CheckOrigin {
  readonly source: string;
  readonly user: string;
  readonly attempts: Set<Attempt>;
  answer: Promise<Answer<Found>> = Promise.resolve('gone');

  constructor(source: string, attempt: Attempt) {
    this.source = source;
    this.user = attempt.username.slice(0, directoryLimits.usernameLengthMax);
    this.attempts = new Set([attempt]);
  }

  get isGone(): boolean {
    for (const attempt of this.attempts) if (!attempt.isGone) return false;
    return true;
  }
}
