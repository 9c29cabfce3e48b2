// Backups and restorations in progress, each of which belongs to its caller.

import type { Clock, Timer } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { CallContext } from '../../calls/call-context.ts';
import { ControlError } from '../../control/errors.ts';

/** Maximum number of sessions of one kind at a time. */
export const sessionCountMax = 2;
/** Milliseconds after which a session ends that nobody continues. */
const idleMs = 2 * 60 * 1000;
/** The same for a session that holds nothing any more, while its caller verifies the result. */
const verifyingMs = 6 * 60 * 60 * 1000;
/** Maximum number of those. */
const verifyingCountMax = 16;

interface Kept<Session> {
  readonly session: Session;
  readonly owner: string;
  timer: Timer;
  /** Whether it holds nothing any more. */
  isVerifying: boolean;
}

/** Sessions by id. They are few, and end by themselves. */
export class Sessions<Session> {
  readonly #what: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #end: (session: Session) => Promise<unknown>;
  readonly #kept = new Map<string, Kept<Session>>();
  #startingCount = 0;

  /**
   * @param what the name of a session in messages
   * @param end called when a session ends without being completed
   */
  constructor(
    what: string,
    clock: Clock,
    random: Random,
    end: (session: Session) => Promise<unknown>,
  ) {
    this.#what = what;
    this.#clock = clock;
    this.#random = random;
    this.#end = end;
  }

  /**
   * Starts a session.
   *
   * @returns its id
   * @throws {ControlError} 'conflict' if there are too many
   */
  async start(context: CallContext, make: (id: string) => Promise<Session>): Promise<string> {
    const verifying = [...this.#kept.values()].filter(({ isVerifying }) => isVerifying).length;
    const count = this.#kept.size - verifying + this.#startingCount;
    if (count >= sessionCountMax || verifying >= verifyingCountMax) {
      const found = `${count} of this kind are in progress; at most ${sessionCountMax} are allowed`;
      throw new ControlError('conflict', `The ${this.#what} cannot begin: ${found}.`);
    }
    this.#startingCount += 1;
    try {
      const id = this.#random.bytes(8).toString('hex');
      const session = await make(id);
      const owner = context.caller.arn;
      const timer = this.#idleTimer(id, idleMs);
      this.#kept.set(id, { session, owner, timer, isVerifying: false });
      return id;
    } finally {
      this.#startingCount -= 1;
    }
  }

  #idleTimer(id: string, ms: number): Timer {
    return this.#clock.setTimeout(() => void this.#abandon(id), ms).unref();
  }

  /**
   * Returns a session of the caller.
   *
   * @throws {ControlError} 'not-found'
   */
  of(id: string, { caller }: CallContext): Session {
    const kept = this.#kept.get(id);
    if (kept?.owner !== caller.arn) {
      throw new ControlError('not-found', `There is no ${this.#what} [${id}] of this caller.`);
    }
    kept.timer.clear();
    kept.timer = this.#idleTimer(id, kept.isVerifying ? verifyingMs : idleMs);
    return kept.session;
  }

  /** A session holds nothing any more, but is not completed. Others may begin. */
  verifying(id: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    kept.isVerifying = true;
    kept.timer.clear();
    kept.timer = this.#idleTimer(id, verifyingMs);
  }

  /** Returns a session of any caller, without continuing it. */
  peek(id: string): Session | undefined {
    return this.#kept.get(id)?.session;
  }

  /** Forgets a session that was completed. */
  completed(id: string): void {
    this.#kept.get(id)?.timer.clear();
    this.#kept.delete(id);
  }

  /**
   * Ends a session of the caller.
   *
   * @throws {ControlError} 'not-found'
   */
  async abandon(id: string, context: CallContext): Promise<void> {
    this.of(id, context);
    await this.#abandon(id);
  }

  async #abandon(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    this.completed(id);
    // What it leaves is removed at the next start.
    if (kept !== undefined) await this.#end(kept.session).catch(() => {});
  }
}
