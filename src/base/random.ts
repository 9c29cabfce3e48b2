import { randomBytes, randomUUID } from 'node:crypto';

/** Randomness, as everything outside `crypto/` may ask for it, so that tests can replay it. */
export interface Random {
  /** @param size bytes, 1 to 65536 */
  bytes(size: number): Buffer;
  /** A version 4 UUID in lower case. */
  uuid(): string;
}

/** The operating system's generator. */
export const systemRandom: Random = {
  bytes: (size) => randomBytes(size),
  uuid: () => randomUUID(),
};
