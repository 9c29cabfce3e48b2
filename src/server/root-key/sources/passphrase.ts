// Passphrases.

import { pbkdf2, scrypt } from 'node:crypto';
import { systemRandom } from '../../../base/random.ts';
import { isFipsForced } from '../../../crypto/fips-process.ts';
import { ServerError } from '../../errors.ts';
import { checkPassphraseFile } from '../../ownership.ts';
import type { PassphraseSource } from '../source.ts';
import { readPrivate } from './private-file.ts';
import {
  type MadeRootKey,
  type RootKeyHolder,
  type RootKeyOwner,
  rootKeyBytes,
  type SourceNumber,
  sourceNumbers,
} from './root-key-holder.ts';

const saltBytes = 16;

/** Parameters of scrypt (RFC 7914): about a quarter of a second and 64 MiB per guess. */
const scryptParameters = { N: 65_536, r: 8, p: 1, maxmem: 96 * 1024 * 1024 };

/** Iterations of PBKDF2-HMAC-SHA-512, which FIPS 140-3 approves: about half a second per guess. */
const pbkdf2Iterations = 1_000_000;

/** Minimum length of a passphrase. */
const passphraseLengthMin = 12;

/** A root key that is derived from a passphrase. */
export class PassphraseHolder implements RootKeyHolder {
  readonly kind = 'passphrase';
  readonly #file: string;

  constructor({ file }: PassphraseSource) {
    this.#file = file;
  }

  async make(owner: RootKeyOwner): Promise<MadeRootKey> {
    const number = isFipsForced() ? sourceNumbers.pbkdf2 : sourceNumbers.scrypt;
    const stored = systemRandom.bytes(saltBytes);
    return { key: await this.open(owner, stored, number), stored, number };
  }

  async open(_owner: RootKeyOwner, salt: Buffer, number: SourceNumber): Promise<Buffer> {
    return await stretch(await readPassphrase(this.#file), salt, number);
  }
}

async function readPassphrase(file: string): Promise<string> {
  const bytes = await readPrivate(file, 'the passphrase file', checkPassphraseFile);
  const passphrase = bytes.toString('utf8').replace(/\r?\n$/, '');
  bytes.fill(0);
  if (passphrase.length >= passphraseLengthMin) return passphrase;
  const found = `the passphrase in ${file} has ${passphrase.length} characters`;
  throw new ServerError(
    'root-key-missing',
    `${found}; at least ${passphraseLengthMin} are required`,
  );
}

/** @param number the source in the header, which decides about the function */
async function stretch(passphrase: string, salt: Buffer, number: SourceNumber): Promise<Buffer> {
  const text = passphrase.normalize('NFC');
  return await new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer) => {
      if (error) reject(error);
      else resolve(key);
    };
    if (number === sourceNumbers.scrypt) scrypt(text, salt, rootKeyBytes, scryptParameters, done);
    else pbkdf2(text, salt, pbkdf2Iterations, rootKeyBytes, 'sha512', done);
  });
}
