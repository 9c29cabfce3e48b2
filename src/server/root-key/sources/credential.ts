// Credentials that systemd passes to a service.

import { join } from 'node:path';
import { ServerError } from '../../errors.ts';
import { checkKeyFile } from '../../ownership.ts';
import type { CredentialSource } from '../source.ts';
import { keyInText, readPrivate } from './private-file.ts';
import { type MadeRootKey, type RootKeyHolder, sourceNumbers } from './root-key-holder.ts';

/**
 * A root key in a credential: 64 hexadecimal digits. `LoadCredential`, `LoadCredentialEncrypted` and
 * `SetCredentialEncrypted` of a unit create it.
 *
 * @see systemd.exec(5)
 */
export class CredentialHolder implements RootKeyHolder {
  readonly kind = 'credential';
  readonly #source: CredentialSource;

  constructor(source: CredentialSource) {
    this.#source = source;
  }

  async make(): Promise<MadeRootKey> {
    return {
      key: await this.open(),
      stored: Buffer.alloc(0),
      number: sourceNumbers.credential,
    };
  }

  async open(): Promise<Buffer> {
    const { name, folder } = this.#source;
    if (folder === undefined) {
      const text = `CREDENTIALS_DIRECTORY is not set, so there is no systemd credential ${name}`;
      throw new ServerError(
        'root-key-missing',
        `${text}: add LoadCredential=${name}:… to the unit`,
      );
    }
    const path = join(folder, name);
    return keyInText(await readPrivate(path, 'the systemd credential', checkKeyFile), path);
  }
}
