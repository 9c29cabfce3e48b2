// The encoding of PSS signatures of digests, which `node:crypto` only computes for messages.

import { createHash } from 'node:crypto';
import type { Random } from '../../base/random.ts';

/**
 * Encodes a digest for RSASSA-PSS, with MGF1 of the same hash function and a salt as long as the
 * digest.
 *
 * @param digest as long as the hash function's output
 * @param modulusBits size of the modulus
 * @see RFC 8017, section 9.1.1
 */
export function encodePss(
  hash: string,
  digest: Buffer,
  modulusBits: number,
  random: Random,
): Buffer {
  const salt = random.bytes(digest.length);
  const size = Math.ceil((modulusBits - 1) / 8);
  const proof = proofOf(hash, digest, salt);
  const block = Buffer.alloc(size - proof.length - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);
  mask(hash, proof, block);
  clearTop(block, size, modulusBits);
  const encoded = Buffer.concat([block, proof, Buffer.of(0xbc)]);
  return leftPadded(encoded, Math.ceil(modulusBits / 8));
}

/**
 * Whether an encoded message is the encoding of a digest.
 *
 * @param encoded as long as the modulus
 * @see RFC 8017, section 9.1.2
 */
export function isPssEncoding(
  hash: string,
  digest: Buffer,
  encoded: Buffer,
  modulusBits: number,
): boolean {
  const size = Math.ceil((modulusBits - 1) / 8);
  const padding = encoded.subarray(0, encoded.length - size);
  const message = encoded.subarray(encoded.length - size);
  const proofAt = size - digest.length - 1;
  if (padding.some((byte) => byte !== 0) || message[size - 1] !== 0xbc) return false;
  const proof = message.subarray(proofAt, size - 1);
  const block = Buffer.from(message.subarray(0, proofAt));
  const topBits = 8 * size - (modulusBits - 1);
  if (((block[0] ?? 0) & (0xff << (8 - topBits)) & 0xff) !== 0) return false;
  mask(hash, proof, block);
  clearTop(block, size, modulusBits);
  const saltAt = block.length - digest.length;
  const isPadded = block.subarray(0, saltAt - 1).every((byte) => byte === 0);
  if (!isPadded || block[saltAt - 1] !== 1) return false;
  return proofOf(hash, digest, block.subarray(saltAt)).equals(proof);
}

function proofOf(hash: string, digest: Buffer, salt: Buffer): Buffer {
  return createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** Applies MGF1 to a block in place. */
function mask(hash: string, seed: Buffer, block: Buffer): void {
  for (let number = 0, at = 0; at < block.length; number++) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(number);
    const bytes = createHash(hash).update(seed).update(counter).digest();
    for (const byte of bytes) {
      if (at === block.length) break;
      block[at] = (block[at] ?? 0) ^ byte;
      at++;
    }
  }
}

/** Clears the bits of a block that exceed the modulus. */
function clearTop(block: Buffer, size: number, modulusBits: number): void {
  const topBits = 8 * size - (modulusBits - 1);
  block[0] = (block[0] ?? 0) & (0xff >> topBits);
}

function leftPadded(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([Buffer.alloc(size - bytes.length), bytes]);
}
