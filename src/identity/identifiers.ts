// Generates account ids and access keys.

import type { Random } from '../base/random.ts';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Generates an account id: 12 digits that do not start with zero. */
export function newAccountId(random: Random): string {
  // 48 random bits over 9 × 10^11 ids make the bias negligible.
  return String(100_000_000_000 + (random.bytes(6).readUIntBE(0, 6) % 900_000_000_000));
}

/** Generates the id of a long-term access key: `AKIA` and 16 characters of base32. */
export function newAccessKeyId(random: Random): string {
  const characters = [...random.bytes(16)].map((byte) => base32.charAt(byte % base32.length));
  return `AKIA${characters.join('')}`;
}

/** Generates a secret access key: 40 characters of base64, 240 random bits. */
export function newSecretAccessKey(random: Random): string {
  return random.bytes(30).toString('base64');
}
