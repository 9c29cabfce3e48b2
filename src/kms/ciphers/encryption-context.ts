// Encryption contexts.

import { KmsError } from '../errors.ts';
import type { EncryptionContext } from '../records.ts';

const bytesMax = 8192;

/**
 * Encodes an encryption context in a canonical form. Pairs are sorted by the UTF-8 bytes of their
 * keys. Each key and value is preceded by its length in 4 bytes. A missing context and an empty one
 * are both encoded as zero bytes.
 *
 * @throws {KmsError} 'ValidationException' if it is longer than 8192 bytes, or contains a lone
 *   surrogate, which would give two different contexts the same encoding
 * @see docs/formats/ciphertext-blob.md
 */
export function canonicalContext(context: EncryptionContext | undefined): Buffer {
  const pairs = Object.entries(context ?? {}).map(([key, value]) => ({
    key: encode(key),
    value: encode(value),
  }));
  pairs.sort((a, b) => Buffer.compare(a.key, b.key));
  const bytes = Buffer.concat(
    pairs.flatMap(({ key, value }) => [length(key), key, length(value), value]),
  );
  if (bytes.length > bytesMax) {
    throw new KmsError(
      'ValidationException',
      `EncryptionContext of ${bytes.length} bytes is larger than the allowed ${bytesMax}`,
    );
  }
  return bytes;
}

/** Whether every pair of `part` is in `whole`. Case-sensitive. */
export function containsPairs(whole: EncryptionContext, part: EncryptionContext): boolean {
  return Object.entries(part).every(
    ([key, value]) => Object.hasOwn(whole, key) && whole[key] === value,
  );
}

/** Whether both contexts have the same pairs. */
export function samePairs(a: EncryptionContext, b: EncryptionContext): boolean {
  return Object.keys(a).length === Object.keys(b).length && containsPairs(a, b);
}

function encode(text: string): Buffer {
  if (/\p{Surrogate}/u.test(text)) {
    throw new KmsError('ValidationException', 'EncryptionContext is not valid Unicode');
  }
  return Buffer.from(text, 'utf8');
}

function length(bytes: Buffer): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(bytes.length);
  return field;
}
