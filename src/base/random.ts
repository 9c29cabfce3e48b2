// Random numbers.

import { randomBytes, randomUUID } from 'node:crypto';

/** A source of randomness. All code outside `crypto/` uses it, so that tests can replay it. */
export interface Random {
  /** @param size bytes, 1 to 65536 */
  bytes(size: number): Buffer;
  /** A version 4 UUID in lower case. */
  uuid(): string;
}

/** The generator of the operating system. */
export const systemRandom: Random = {
  bytes: (size) => randomBytes(size),
  uuid: () => randomUUID(),
};
