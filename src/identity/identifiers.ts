// Generates account ids, access keys, and unique ids.

import type { Random } from '../base/random.ts';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Generates an account id: 12 digits that do not start with zero. */
export function newAccountId(random: Random): string {
  // 48 random bits over 9 × 10^11 ids make the bias negligible.
  return String(100_000_000_000 + (random.bytes(6).readUIntBE(0, 6) % 900_000_000_000));
}

/** The prefixes of access keys: long-term keys, and those of sessions. */
export type AccessKeyPrefix = 'AKIA' | 'ASIA';

/** Generates the id of an access key: the prefix and 16 characters of base32. */
export function newAccessKeyId(random: Random, prefix: AccessKeyPrefix = 'AKIA'): string {
  return `${prefix}${characters(random, 16)}`;
}

/** Generates a secret access key: 40 characters of base64, 240 random bits. */
export function newSecretAccessKey(random: Random): string {
  return random.bytes(30).toString('base64');
}

/** Generates the unique id of a user, role, group or policy: the prefix and 17 characters. */
export function newUniqueId(prefix: 'AIDA' | 'AROA' | 'AGPA' | 'ANPA', random: Random): string {
  return `${prefix}${characters(random, 17)}`;
}

/** Generates the seed of an MFA device: 64 characters of base32, 320 random bits. */
export function newSeed(random: Random): string {
  return characters(random, 64);
}

function characters(random: Random, count: number): string {
  return [...random.bytes(count)].map((byte) => base32.charAt(byte % base32.length)).join('');
}
