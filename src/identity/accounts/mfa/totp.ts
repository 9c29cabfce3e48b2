// Time-based one-time passwords.

import { createHmac } from 'node:crypto';

/** The duration of a step, milliseconds. */
export const stepMs = 30_000;

const digits = 6;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The step of a time. @see RFC 6238, 4.2 */
export function stepAt(nowMs: number): number {
  return Math.floor(nowMs / stepMs);
}

/**
 * Computes the code of a step: six digits.
 *
 * @param key the decoded seed
 * @see RFC 6238 with HMAC-SHA-1, RFC 4226, 5.3
 */
export function totpCode(key: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = (mac[mac.length - 1] ?? 0) & 0xf;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** Decodes a seed in base32 without padding. @see RFC 4648, 6 */
export function decodeSeed(seed: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const character of seed) {
    bits = ((bits << 5) | alphabet.indexOf(character)) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return Buffer.from(bytes);
}
