import type { Random } from '../base/random.ts';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new account's id: 12 digits, the first not zero. */
export function newAccountId(random: Random): string {
  // 48 bits over 9 × 10^11 ids: none is noticeably likelier than another.
  return String(100_000_000_000 + (random.bytes(6).readUIntBE(0, 6) % 900_000_000_000));
}

/** A new long-term access key's id: `AKIA` and 16 characters of base32. */
export function newAccessKeyId(random: Random): string {
  const characters = [...random.bytes(16)].map((byte) => base32.charAt(byte % base32.length));
  return `AKIA${characters.join('')}`;
}

/** A new secret access key: 40 characters of base64, 240 random bits. */
export function newSecretAccessKey(random: Random): string {
  return random.bytes(30).toString('base64');
}
