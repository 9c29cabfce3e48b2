// Root keys that a key of AWS KMS seals.

import { isFipsForced } from '../../../crypto/fips-process.ts';
import {
  RemoteKmsClient,
  RemoteKmsRefusal,
  RemoteKmsUnreachable,
} from '../../../kms/remote/remote-kms-client.ts';
import { ServerError } from '../../errors.ts';
import { readAuthorities } from '../../sign-in/small-file.ts';
import type { AwsKmsSource } from '../source.ts';
import {
  type MadeRootKey,
  type RootKeyHolder,
  type RootKeyOwner,
  rootKeyBytes,
  sourceNumbers,
} from './root-key-holder.ts';

/** The name in the encryption context that binds a root key to its system volume. */
const contextName = 'waxwing:system-volume';

/**
 * A root key that is a data key of a KMS key. The ciphertext is stored in the header; each start
 * decrypts it.
 */
export class AwsKmsHolder implements RootKeyHolder {
  readonly kind = 'aws-kms';
  readonly label: string;
  readonly #source: AwsKmsSource;

  constructor(source: AwsKmsSource) {
    this.#source = source;
    this.label = source.keyArn;
  }

  async make(owner: RootKeyOwner): Promise<MadeRootKey> {
    const { output } = await this.#call('GenerateDataKey', owner, { KeySpec: 'AES_256' });
    const { CiphertextBlob: stored } = output;
    const key = this.#keyOf(output['Plaintext']);
    if (!(stored instanceof Uint8Array)) throw unusable(this.label, 'the answer has no ciphertext');
    return { key, stored: Buffer.from(stored), number: sourceNumbers.awsKms };
  }

  async open(owner: RootKeyOwner, stored: Buffer): Promise<Buffer> {
    const { output } = await this.#call('Decrypt', owner, { CiphertextBlob: stored });
    return this.#keyOf(output['Plaintext']);
  }

  #keyOf(plaintext: unknown): Buffer {
    if (plaintext instanceof Uint8Array && plaintext.length === rootKeyBytes) {
      return Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length);
    }
    throw unusable(this.label, `the answer has no key of ${rootKeyBytes} bytes`);
  }

  async #call(operation: 'GenerateDataKey' | 'Decrypt', owner: RootKeyOwner, input: object) {
    const { keyArn, endpoint, profile, caFile } = this.#source;
    const client = new RemoteKmsClient({
      region: keyArn.split(':')[3] ?? '',
      endpoint,
      profile,
      authorities: caFile && (await readAuthorities('ca-file', caFile)),
      isFips: isFipsForced(),
    });
    const context = { [contextName]: owner.volumeId };
    try {
      return await client.call(operation, { KeyId: keyArn, EncryptionContext: context, ...input });
    } catch (error) {
      if (error instanceof RemoteKmsRefusal && isOfCiphertext(error)) {
        const text = `${keyArn} did not seal the root key of ${owner.folder}: ${error.code}`;
        throw new ServerError('root-key-wrong', text, { cause: error });
      }
      if (error instanceof RemoteKmsRefusal) {
        throw unusable(keyArn, `${error.code}: ${error.message}`, error);
      }
      if (error instanceof RemoteKmsUnreachable) throw unusable(keyArn, error.message, error);
      throw error;
    } finally {
      await client.close();
    }
  }
}

function isOfCiphertext({ code }: RemoteKmsRefusal): boolean {
  return code === 'InvalidCiphertextException' || code === 'IncorrectKeyException';
}

function unusable(keyArn: string, why: string, cause?: Error): ServerError {
  const text = `the KMS key ${keyArn} cannot be used: ${why}`;
  return new ServerError('root-key-unavailable', text, { cause });
}
