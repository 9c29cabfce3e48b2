import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import { KmsError } from '../errors.ts';

const idSize = 32;
const nonceSize = 16;
const macSize = 16;

/**
 * Issues and reads grant tokens. A token names its grant and proves that it was issued here; it is
 * not a secret and lets nobody do what the grant does not. Grants here hold at once, so a token adds
 * nothing but a way to name a grant to retire.
 */
export class GrantTokens {
  readonly #key: KeyObject;
  readonly #random: Random;

  /** @param key the wrapping key; the tokens' proofs are made under a purpose of their own */
  constructor(key: KeyObject, random: Random) {
    this.#key = key;
    this.#random = random;
  }

  /** A new token for a grant; every one names it equally well. */
  issue(grantId: string): string {
    const named = Buffer.concat([Buffer.from(grantId, 'hex'), this.#random.bytes(nonceSize)]);
    return Buffer.concat([named, this.#proof(named)]).toString('base64');
  }

  /**
   * The id of the grant that a token names, which may be gone.
   *
   * @throws {KmsError} 'InvalidGrantTokenException'
   */
  read(token: string): string {
    const bytes = Buffer.from(token, 'base64');
    const named = bytes.subarray(0, idSize + nonceSize);
    const proof = bytes.subarray(idSize + nonceSize);
    if (proof.length !== macSize || !timingSafeEqual(proof, this.#proof(named))) {
      throw new KmsError('InvalidGrantTokenException', 'The grant token was not issued here.');
    }
    return named.toString('hex', 0, idSize);
  }

  #proof(named: Buffer): Buffer {
    const mac = createHmac('sha256', this.#key).update('waxwing kms grant token 1\0').update(named);
    return mac.digest().subarray(0, macSize);
  }
}
