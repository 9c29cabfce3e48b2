// Password hashes that take no time.

import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { encodeText } from '../../src/base/byte-text.ts';

const saltBytes = 16;
const hashBytes = 64;

/**
 * Hashes a password with one iteration, in the form of the program: a check reads the number of
 * iterations from the hash. A hash of the program takes a tenth of a second of a processor, and so
 * does each first check of one.
 */
export async function quickHash(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = pbkdf2Sync(encodeText(password), salt, 1, hashBytes, 'sha512');
  return ['pbkdf2-sha512', 1, salt.toString('base64'), hash.toString('base64')].join('$');
}
