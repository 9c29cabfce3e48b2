// Log-ins and rights that a service outside decides about.

import { withoutPort } from '../../../base/address.ts';
import { type Clock, systemClock } from '../../../base/clock.ts';
import {
  type DirectoryAnswer,
  type LoginAttempt,
  type UserDirectory,
  userWithRights,
} from '../../../broker/logins/logins.ts';
import {
  type AskedUser,
  type Question,
  RemoteRights,
} from '../../../broker/logins/remote-rights.ts';
import {
  type DirectoryLoginLimits,
  DirectoryLogins,
  directoryLoginLimits,
} from '../../../ldap/logins.ts';

/** A user that a service accepted. */
export interface RemoteUser {
  readonly tags: readonly string[];
  /** The name by which the service knows the user; by default, the one of the log-in. */
  readonly ownName?: string;
  /** What the service needs to answer questions about the user. */
  readonly context?: unknown;
}

/** A service that decides about log-ins and rights. */
export interface RemoteService {
  /**
   * Checks a log-in.
   *
   * @throws {WaxwingError} if it does not answer
   */
  logIn(
    username: string,
    password: string,
  ): Promise<RemoteUser | 'unknown-user' | 'wrong-password'>;
  /**
   * Decides about a right of a user.
   *
   * @param peerAddress the address of the client without its port
   * @throws {WaxwingError} if it does not answer
   */
  decide(
    user: AskedUser & Pick<RemoteUser, 'context'>,
    question: Question,
    peerAddress: string,
  ): Promise<boolean>;
  close(): void;
}

/** For how long answers are kept. */
export interface AnswerTimes {
  /** Milliseconds; 0 to ask each time. */
  readonly keptMs: number;
  /** Whether refusals are kept too. */
  readonly keepsRefusals: boolean;
}

/** Maximum number of questions that a service is asked at a time, and that wait for it. */
const askedCountMax = 32;
const waitingCountMax = 2048;
/** Maximum number of answers about rights that are kept. */
const answerCountMax = 4096;

interface KeptAnswer {
  readonly isPermitted: boolean;
  readonly untilMs: number;
}

/** Asks a service about log-ins and about the rights of users, a limited number at a time. */
export class RemoteLogins implements UserDirectory {
  readonly #service: RemoteService;
  readonly #times: AnswerTimes;
  readonly #report: (text: string) => void;
  readonly #clock: Clock;
  readonly #logins: DirectoryLogins<RemoteUser>;
  readonly #answers = new Map<string, KeptAnswer>();
  readonly #waiting: (() => void)[] = [];
  #askedCount = 0;

  /** @param report receives problems that an operator should know about, without secrets */
  constructor(
    service: RemoteService,
    times: AnswerTimes,
    report: (text: string) => void,
    clock: Clock = systemClock,
  ) {
    this.#service = service;
    this.#times = times;
    this.#report = report;
    this.#clock = clock;
    const limits: DirectoryLoginLimits = {
      ...directoryLoginLimits,
      rememberedMs: times.keptMs,
      refusedMs: times.keepsRefusals ? times.keptMs : 0,
    };
    const logIn = (username: string, password: string) => this.#logIn(username, password);
    this.#logins = new DirectoryLogins<RemoteUser>({ logIn }, limits, clock);
  }

  async #logIn(username: string, password: string) {
    try {
      return await this.#service.logIn(username, password);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#report(`a log-in was refused without an answer: ${why}`);
      throw error;
    }
  }

  async check(attempt: LoginAttempt): Promise<DirectoryAnswer> {
    const { username, peerAddress } = attempt;
    const found = await this.#logins.check(attempt);
    if (typeof found === 'string') return found;
    const user = { name: username, ...found };
    const address = withoutPort(peerAddress);
    const ask = (question: Question) => this.#decide(user, question, address);
    const nowMs = () => this.#clock.monotonicMs();
    const rights = new RemoteRights(found.tags, ask, nowMs, folded(found.ownName ?? username));
    return { user: userWithRights(username, rights) };
  }

  async #decide(
    user: AskedUser & RemoteUser,
    question: Question,
    address: string,
  ): Promise<boolean> {
    const key = JSON.stringify([user.name, ...user.tags, Object.values(question)]);
    const known = this.#answers.get(key);
    if (known !== undefined && known.untilMs > this.#clock.monotonicMs()) return known.isPermitted;
    if (this.#waiting.length >= waitingCountMax) {
      this.#report('a permission was refused: too many wait for a decision');
      return false;
    }
    if (this.#askedCount >= askedCountMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#askedCount++;
    try {
      const isPermitted = await this.#service.decide(user, question, address);
      this.#keep(key, isPermitted);
      return isPermitted;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#report(`a permission was refused without an answer: ${why}`);
      return false;
    } finally {
      this.#askedCount--;
      this.#waiting.shift()?.();
    }
  }

  #keep(key: string, isPermitted: boolean): void {
    const { keptMs, keepsRefusals } = this.#times;
    if (keptMs === 0 || (!isPermitted && !keepsRefusals)) return;
    this.#answers.delete(key);
    this.#answers.set(key, { isPermitted, untilMs: this.#clock.monotonicMs() + keptMs });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > answerCountMax && oldest !== undefined) this.#answers.delete(oldest);
  }

  close(): void {
    this.#service.close();
  }
}

/**
 * One form of all spellings that services may accept for a name (RFC 4518): case, blanks, escapes and
 * invisible characters may differ. It is only compared, so different users may have the same.
 */
function folded(name: string): string {
  const shown = name.normalize('NFKC').replaceAll(/[\\\p{C}\p{Z}\p{Variation_Selector}]/gu, '');
  return shown.toUpperCase().toLowerCase().normalize('NFKC');
}
