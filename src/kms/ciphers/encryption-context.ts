import { KmsError } from '../errors.ts';
import type { EncryptionContext } from '../records.ts';

const bytesMax = 8192;

/**
 * The one byte sequence that stands for an encryption context: for each pair in the order of its
 * key's UTF-8 bytes, key and value, each preceded by its length in 4 bytes. An absent context and an
 * empty one are the same: no bytes.
 *
 * @throws {KmsError} 'ValidationException' where it is longer than 8192 bytes, or a lone surrogate
 * would make two different contexts the same bytes
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

/** True where every pair of `part` is in `whole`, letter for letter. */
export function containsPairs(whole: EncryptionContext, part: EncryptionContext): boolean {
  return Object.entries(part).every(
    ([key, value]) => Object.hasOwn(whole, key) && whole[key] === value,
  );
}

/** True where both have exactly the same pairs. */
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
