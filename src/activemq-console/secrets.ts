// The secrets of users that every action must contain.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '../base/random.ts';

/**
 * The secret of each user, which pages contain and every action must repeat. A page of another site
 * cannot read it, so it cannot make a browser perform an action with the credentials of its user. It
 * changes with each start of the broker.
 */
export class Secrets {
  readonly #key: Buffer;

  constructor(random: Random) {
    this.#key = random.bytes(32);
  }

  /** The secret of a user: 43 characters that need no escaping. */
  of(user: string): string {
    return createHmac('sha256', this.#key).update(user).digest('base64url');
  }

  /** Whether a text is the secret of a user. */
  isOf(user: string, text: string | undefined): boolean {
    const wanted = Buffer.from(this.of(user));
    const found = Buffer.from(text ?? '');
    return found.length === wanted.length && timingSafeEqual(found, wanted);
  }
}
