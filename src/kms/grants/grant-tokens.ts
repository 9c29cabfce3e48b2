// Grant tokens.

import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import { KmsError } from '../errors.ts';

const idSize = 32;
const nonceSize = 16;
const macSize = 16;

/**
 * Issues and reads grant tokens. A token names a grant and proves that this service issued it. It
 * is not a secret, and it allows nothing beyond the grant. Grants take effect immediately, so a
 * token is only needed to name a grant for RetireGrant.
 */
export class GrantTokens {
  readonly #key: KeyObject;
  readonly #random: Random;

  /** @param key the wrapping key; a separate key is derived from it for the tokens */
  constructor(key: KeyObject, random: Random) {
    this.#key = key;
    this.#random = random;
  }

  /** Issues a token for a grant. All tokens of a grant are equivalent. */
  issue(grantId: string): string {
    const named = Buffer.concat([Buffer.from(grantId, 'hex'), this.#random.bytes(nonceSize)]);
    return Buffer.concat([named, this.#proof(named)]).toString('base64');
  }

  /**
   * Returns the id of the grant that a token names. The grant may no longer exist.
   *
   * @throws {KmsError} 'InvalidGrantTokenException'
   */
  read(token: string): string {
    const bytes = Buffer.from(token, 'base64');
    const named = bytes.subarray(0, idSize + nonceSize);
    const proof = bytes.subarray(idSize + nonceSize);
    if (proof.length !== macSize || !timingSafeEqual(proof, this.#proof(named))) {
      throw new KmsError(
        'InvalidGrantTokenException',
        'The grant token was not issued by this service.',
      );
    }
    return named.toString('hex', 0, idSize);
  }

  #proof(named: Buffer): Buffer {
    const mac = createHmac('sha256', this.#key).update('waxwing kms grant token 1\0').update(named);
    return mac.digest().subarray(0, macSize);
  }
}
