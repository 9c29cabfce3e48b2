import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSeed, stepAt, totpCode } from './totp.ts';

// RFC 6238, appendix B: the last six of eight digits with SHA-1.
const key = Buffer.from('12345678901234567890', 'ascii');
const vectors: readonly [seconds: number, code: string][] = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
];

for (const [seconds, code] of vectors) {
  test(`[RFC 6238] the code at ${seconds} seconds is ${code}`, () => {
    assert.equal(totpCode(key, stepAt(seconds * 1000)), code);
  });
}

// RFC 4648, section 10, without padding.
const texts: readonly [decoded: string, encoded: string][] = [
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
];

for (const [decoded, encoded] of texts) {
  test(`[RFC 4648] '${encoded}' is the base32 of '${decoded}'`, () => {
    assert.equal(decodeSeed(encoded).toString('ascii'), decoded);
  });
}
