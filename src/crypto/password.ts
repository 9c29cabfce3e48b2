import { createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { encodeText } from '../base/byte-text.ts';
import { type Clock, systemClock } from '../base/clock.ts';

const algorithm = 'pbkdf2-sha512';

/** Rounds of PBKDF2-HMAC-SHA-512, as OWASP's password storage cheat sheet advises. */
const iterations = 210_000;
const saltBytes = 16;
const hashBytes = 64;

/** Checks at once: each keeps one thread of Node's pool busy, which storage needs too. */
const concurrentMax = 2;

/** How long a log-in that succeeded is remembered, and how many are. */
const rememberedMs = 10 * 60 * 1000;
const rememberedCountMax = 1000;

function derive(password: string, salt: Buffer, rounds: number, size: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(encodeText(password), salt, rounds, size, 'sha512', (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/**
 * Hashes a password for keeping.
 *
 * @returns `pbkdf2-sha512$rounds$salt$hash`, the latter two in base64
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, iterations, hashBytes);
  return [algorithm, iterations, salt.toString('base64'), hash.toString('base64')].join('$');
}

/**
 * Begins to hash a password before anybody asks for it, on another core than what is done meanwhile.
 *
 * @returns what hashes passwords, this one once sooner: hashes that are the same would tell that the
 *   passwords are
 */
export function hashAhead(expected: string): typeof hashPassword {
  let hash: Promise<string> | undefined = hashPassword(expected);
  hash.catch(() => {}); // whoever asks is told
  return (password) => {
    if (hash === undefined || password !== expected) return hashPassword(password);
    const begun = hash;
    hash = undefined;
    return begun;
  };
}

/**
 * Checks passwords against hashes. A check costs a tenth of a second of one core on purpose, so
 * those that succeeded are remembered for a few minutes (under a key that never leaves this
 * process): a client that reconnects is let in at once, one that guesses is not.
 */
export class PasswordChecker {
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  /** Until when a pair of password and hash is known to match, oldest first. */
  readonly #remembered = new Map<string, number>();
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #busyCount = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Whether the password is the one that was hashed; false too for a hash of unknown form. */
  verify(password: string, hash: string): Promise<boolean> {
    const pair = createHmac('sha256', this.#key)
      .update(encodeText(`${hash}\0${password}`))
      .digest('base64');
    if (this.#isRemembered(pair)) return Promise.resolve(true);
    let running = this.#running.get(pair);
    if (running === undefined) {
      running = this.#check(pair, password, hash).finally(() => this.#running.delete(pair));
      this.#running.set(pair, running);
    }
    return running;
  }

  #isRemembered(pair: string): boolean {
    const untilMs = this.#remembered.get(pair);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.monotonicMs()) return true;
    this.#remembered.delete(pair);
    return false;
  }

  async #check(pair: string, password: string, hash: string): Promise<boolean> {
    if (this.#busyCount >= concurrentMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#busyCount++;
    try {
      const isRight = await matches(password, hash);
      if (isRight) this.#remember(pair);
      return isRight;
    } finally {
      this.#busyCount--;
      this.#waiting.shift()?.();
    }
  }

  #remember(pair: string): void {
    this.#remembered.set(pair, this.#clock.monotonicMs() + rememberedMs);
    if (this.#remembered.size <= rememberedCountMax) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      return;
    }
  }
}

async function matches(password: string, hash: string): Promise<boolean> {
  const [name, rounds, salt, expected, ...more] = hash.split('$');
  if (name !== algorithm || salt === undefined || expected === undefined || more.length > 0) {
    return false;
  }
  const wanted = Buffer.from(expected, 'base64');
  const found = await derive(password, Buffer.from(salt, 'base64'), Number(rounds), wanted.length);
  return timingSafeEqual(found, wanted);
}
