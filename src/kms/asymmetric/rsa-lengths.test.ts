import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { systemRandom } from '../../base/random.ts';
import { unwrapMaterial } from '../imports/unwrap.ts';
import { rsaDecrypt, rsaEncrypt } from './rsa-ciphers.ts';
import { isSignatureValid, type SignedData, signWith } from './signing.ts';

const { publicKey: spki, privateKey: pkcs8 } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
});

/** A value that begins with a zero, as one in 256 does. */
function withLeadingZero(make: (n: number) => Buffer): { n: number; bytes: Buffer } {
  for (let n = 0; n < 10_000; n++) {
    const bytes = make(n);
    if (bytes[0] === 0) return { n, bytes };
  }
  throw new Error('none of 10,000 values begins with a zero');
}

/** The same number with other lengths. */
const otherLengths = (bytes: Buffer) => [
  bytes.subarray(1),
  Buffer.concat([Buffer.alloc(1), bytes]),
  Buffer.concat([Buffer.alloc(4096), bytes]),
];

for (const scheme of ['PKCS1_V1_5', 'PSS']) {
  for (const type of ['RAW', 'DIGEST'] as const) {
    test(`a ${scheme} signature (${type}) is as long as the modulus`, () => {
      const algorithm = `RSASSA_${scheme}_SHA_256`;
      const dataOf = (n: number): SignedData => {
        const bytes = Buffer.from(`message ${n}`);
        return {
          type,
          bytes: type === 'RAW' ? bytes : createHash('sha256').update(bytes).digest(),
        };
      };
      const { n, bytes } = withLeadingZero((n) =>
        signWith(pkcs8, algorithm, dataOf(n), systemRandom),
      );
      assert.ok(isSignatureValid(spki, algorithm, dataOf(n), bytes));
      for (const other of otherLengths(bytes)) {
        assert.ok(!isSignatureValid(spki, algorithm, dataOf(n), other), `${other.length} bytes`);
      }
    });
  }
}

test('a ciphertext, and wrapped key material, are as long as the modulus', () => {
  const algorithm = 'RSAES_OAEP_SHA_256';
  const plaintext = Buffer.alloc(32, 7);
  const { bytes } = withLeadingZero(() => rsaEncrypt(spki, algorithm, plaintext));
  for (const decrypt of [rsaDecrypt, unwrapMaterial]) {
    assert.deepEqual(decrypt(pkcs8, algorithm, bytes), plaintext);
    for (const other of otherLengths(bytes)) {
      assert.throws(() => decrypt(pkcs8, algorithm, other), { code: 'InvalidCiphertextException' });
    }
  }
});
