// Hashing and checking of passwords.

import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { encodeText } from '../base/byte-text.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { type CheckLimits, type CheckOrigin, CheckQueue } from './check-queue.ts';

const algorithm = 'pbkdf2-sha512';

/** Iterations of PBKDF2-HMAC-SHA-512, as recommended by OWASP's password storage cheat sheet. */
const iterations = 210_000;
/**
 * Iterations for a password that is random. Nobody can try that many passwords, however quick each try
 * is, so a hash with a salt is enough from 112 bits on (NIST SP 800-63B, section 5.1.2.2). These are the
 * fewest iterations that FIPS providers permit.
 */
const randomIterations = 1000;
const saltBytes = 16;
const hashBytes = 64;

/** The limits of log-ins. */
export interface LoginLimits extends CheckLimits {
  /** The minimum time until a failed log-in is answered, regardless of the reason, milliseconds. */
  readonly refusalMs: number;
}

/**
 * The limits of a broker's log-ins. A check occupies one thread of Node's pool, which storage needs
 * too, and one core. One core remains for other work.
 */
export const loginLimits: LoginLimits = {
  concurrentMax: Math.max(1, Math.min(2, availableParallelism() - 1)),
  waitingCountMax: 1024,
  waitingPerSourceMax: 512,
  failedCountMax: 20,
  spacingMs: 500,
  waitingPerDelayedLaneMax: 16,
  forgetMs: 60_000,
  laneCountMax: 4096,
  refusalMs: 500,
};

/**
 * The time for which a correct password is cached after its last use, and the number of cached
 * passwords.
 */
const rememberedMs = 10 * 60 * 1000;
const rememberedCountMax = 1000;

/**
 * Maximum number of cached wrong passwords, so that a client that repeats one does not delay
 * others.
 */
const wrongCountMax = 4096;

function derive(password: string, salt: Buffer, rounds: number, size: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(encodeText(password), salt, rounds, size, 'sha512', (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

async function hashWith(rounds: number, password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, rounds, hashBytes);
  return [algorithm, rounds, salt.toString('base64'), hash.toString('base64')].join('$');
}

/**
 * Hashes a password for storage.
 *
 * @returns `pbkdf2-sha512$rounds$salt$hash`, the latter two in base64
 */
export function hashPassword(password: string): Promise<string> {
  return hashWith(iterations, password);
}

/**
 * Hashes a password that this service generated, so that checking it is quick.
 *
 * @param password at least 112 random bits
 * @returns a hash like that of {@link hashPassword}
 */
export function hashRandomPassword(password: string): Promise<string> {
  return hashWith(randomIterations, password);
}

/** The result of checking a password. */
export type PasswordResult =
  | 'right'
  | 'wrong'
  /** Not checked: too many log-ins are waiting. */
  | 'busy'
  /** The check was skipped because its client has disconnected. */
  | 'gone';

/**
 * Checks passwords against hashes. A check intentionally takes a tenth of a second of CPU time, unless
 * the password was generated.
 * Correct passwords are cached for some minutes under a key that never leaves this process: a
 * client that reconnects is admitted immediately, and one that guesses waits. Some wrong passwords
 * are also cached, so that a client that repeats the same one does not occupy the queue.
 */
export class PasswordChecker {
  readonly #limits: LoginLimits;
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  readonly #queue: CheckQueue;
  /** The correct password for each hash, with the expiry time; oldest first. */
  readonly #remembered = new Map<string, { readonly pair: string; readonly untilMs: number }>();
  /** Wrong passwords with the hash that they do not match; oldest first. */
  readonly #wrong = new Set<string>();
  /** By origin, password and hash, so that simultaneous log-ins of a client are checked once. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(limits: LoginLimits = loginLimits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#queue = new CheckQueue(limits, clock);
  }

  /**
   * Checks a password against a hash. A failure is reported after a fixed time, regardless of the
   * reason.
   *
   * @param accept checks the other conditions of the log-in, and is called if the password is right.
   *   If it returns false, the result and its delay are those of a wrong password
   * @returns the result itself if nothing must be waited for: a client logs in again
   */
  verify(
    password: string,
    hash: string,
    origin: CheckOrigin,
    accept: () => boolean = () => true,
  ): PasswordResult | Promise<PasswordResult> {
    const beganMs = this.#clock.monotonicMs();
    const pair = createHmac('sha256', this.#key)
      .update(encodeText(`${hash}\0${password}`))
      .digest('base64');
    const result = this.#result(pair, password, hash, origin);
    if (result !== 'right') return this.#verifyLater(result, beganMs, accept);
    return accept() ? result : this.#refuse('wrong', beganMs);
  }

  async #verifyLater(
    checking: PasswordResult | Promise<PasswordResult>,
    beganMs: number,
    accept: () => boolean,
  ): Promise<PasswordResult> {
    const result = await checking;
    if (result === 'right' && accept()) return result;
    return this.#refuse(result === 'right' ? 'wrong' : result, beganMs);
  }

  async #refuse(
    result: Exclude<PasswordResult, 'right'>,
    beganMs: number,
  ): Promise<PasswordResult> {
    const leftMs = beganMs + this.#limits.refusalMs - this.#clock.monotonicMs();
    if (leftMs > 0) {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, leftMs).unref());
    }
    return result;
  }

  #result(
    pair: string,
    password: string,
    hash: string,
    origin: CheckOrigin,
  ): PasswordResult | Promise<PasswordResult> {
    if (this.#recall(hash)?.pair === pair) {
      this.#remember(hash, pair);
      return 'right';
    }
    return this.#wrong.has(wrongKey(pair, origin))
      ? 'wrong'
      : this.#check(pair, password, hash, origin);
  }

  #check(
    pair: string,
    password: string,
    hash: string,
    origin: CheckOrigin,
  ): Promise<PasswordResult> {
    const key = JSON.stringify([origin.source, origin.user, pair]);
    const before = this.#waiting.get(key);
    if (before !== undefined) {
      before.origins.add(origin);
      return before.result;
    }
    const waiting = new Waiting(origin);
    const found = this.#queue.add(waiting, () => this.#compare(pair, password, hash, origin));
    if (found === 'busy') return Promise.resolve('busy');
    this.#waiting.set(key, waiting);
    waiting.result = found.then(
      (isRight) => {
        this.#waiting.delete(key);
        if (isRight === undefined) return 'gone';
        if (isRight === 'busy') return 'busy';
        return isRight ? 'right' : 'wrong';
      },
      (error: unknown) => {
        this.#waiting.delete(key);
        throw error;
      },
    );
    return waiting.result;
  }

  /** If the correct password is cached, any other is wrong, and no derivation is needed. */
  async #compare(
    pair: string,
    password: string,
    hash: string,
    origin: CheckOrigin,
  ): Promise<boolean> {
    const right = this.#recall(hash);
    if (right !== undefined) return right.pair === pair;
    const isRight = await matchesHash(password, hash);
    if (isRight) this.#remember(hash, pair);
    else this.#rememberWrong(wrongKey(pair, origin));
    return isRight;
  }

  #rememberWrong(key: string): void {
    this.#wrong.add(key);
    if (this.#wrong.size <= wrongCountMax) return;
    const [oldest] = this.#wrong;
    if (oldest !== undefined) this.#wrong.delete(oldest);
  }

  #recall(hash: string): { readonly pair: string } | undefined {
    const found = this.#remembered.get(hash);
    if (found === undefined || found.untilMs > this.#clock.monotonicMs()) return found;
    this.#remembered.delete(hash);
    return undefined;
  }

  #remember(hash: string, pair: string): void {
    this.#remembered.delete(hash);
    this.#remembered.set(hash, { pair, untilMs: this.#clock.monotonicMs() + rememberedMs });
    if (this.#remembered.size <= rememberedCountMax) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }
}

/**
 * The key of a wrong password. It contains the user name, because users that do not exist share a hash: a
 * password that was tried for one of them must take as long for another.
 */
function wrongKey(pair: string, { user }: CheckOrigin): string {
  return `${pair} ${user}`;
}

/** A password that waits to be checked, with all callers that wait for the result. */
class Waiting implements CheckOrigin {
  readonly source: string;
  readonly user: string;
  readonly origins: Set<CheckOrigin>;
  result: Promise<PasswordResult> = Promise.resolve('gone');

  constructor(origin: CheckOrigin) {
    this.source = origin.source;
    this.user = origin.user;
    this.origins = new Set([origin]);
  }

  get isGone(): boolean {
    for (const origin of this.origins) if (!origin.isGone) return false;
    return true;
  }
}

/** RabbitMQ's algorithms of password hashes, by the name before the first `$` of a stored hash. */
const importedAlgorithms: ReadonlyMap<string, string> = new Map([
  ['rabbit_password_hashing_sha256', 'sha256'],
  ['rabbit_password_hashing_sha512', 'sha512'],
]);
const importedSaltBytes = 4;

/**
 * Compares a password with a hash, without a queue or a cache. It takes a tenth of a second of one
 * thread, unless the password was generated. Use {@link PasswordChecker} for passwords that somebody could guess.
 *
 * @param hash from {@link hashPassword} or {@link hashRandomPassword}, or a hash of RabbitMQ: its algorithm, `$`, and base64 of
 *   four bytes of salt and the digest of salt and password. The latter are quick to compute, so a
 *   stolen one is easier to guess.
 */
export async function matchesHash(password: string, hash: string): Promise<boolean> {
  const [name = '', rounds, salt, expected, ...more] = hash.split('$');
  const imported = importedAlgorithms.get(name);
  if (imported !== undefined) return matchesImported(password, imported, rounds ?? '');
  if (name !== algorithm || salt === undefined || expected === undefined || more.length > 0) {
    return false;
  }
  const wanted = Buffer.from(expected, 'base64');
  const found = await derive(password, Buffer.from(salt, 'base64'), Number(rounds), wanted.length);
  return timingSafeEqual(found, wanted);
}

function matchesImported(password: string, digestName: string, text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  const salt = bytes.subarray(0, importedSaltBytes);
  const wanted = bytes.subarray(importedSaltBytes);
  const found = createHash(digestName).update(salt).update(encodeText(password)).digest();
  return wanted.length === found.length && timingSafeEqual(found, wanted);
}
