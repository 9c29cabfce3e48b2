// Processes whose cryptography comes from OpenSSL's FIPS provider alone.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  getFips,
  hkdfSync,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import tls from 'node:tls';
import { WaxwingError } from '../base/errors.ts';
import { isFipsForced } from './fips-process.ts';

/** The FIPS provider is not active, or computes something wrong. */
export class FipsError extends WaxwingError<'fips-inactive'> {
  constructor(message: string, options?: ErrorOptions) {
    super('fips-inactive', message, options);
  }
}

/** The groups for key exchange that FIPS 140-3 approves. */
export const approvedCurves = 'P-256:P-384:P-521';

/** The cipher suites of connections that this process opens. */
const approvedSuites = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** What the provider must refuse. */
const refusals: Readonly<Record<string, () => unknown>> = {
  MD5: () => createHash('md5'),
  'ChaCha20-Poly1305': () =>
    createCipheriv('chacha20-poly1305', Buffer.alloc(32), Buffer.alloc(12), { authTagLength: 16 }),
};

const hex = (text: string) => Buffer.from(text, 'hex');

/** Known answers, among them those of FIPS 180-4, RFC 4231, RFC 5869 and the GCM specification. */
const answers: Readonly<Record<string, readonly [expected: string, compute: () => Buffer]>> = {
  'SHA-256': [
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    () => createHash('sha256').update('abc').digest(),
  ],
  'HMAC-SHA-256': [
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    () => createHmac('sha256', Buffer.alloc(20, 0x0b)).update('Hi There').digest(),
  ],
  'HKDF-SHA-256': [
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
    () => Buffer.from(hkdfSync('sha256', Buffer.alloc(22, 0x0b), Buffer.alloc(0), '', 32)),
  ],
  'PBKDF2-HMAC-SHA-512': [
    '8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868c005174dc4ee71',
    () =>
      pbkdf2Sync(
        'passwordPASSWORDpassword',
        'saltSALTsaltSALTsaltSALTsaltSALTsalt',
        4096,
        32,
        'sha512',
      ),
  ],
  'AES-256-GCM': [
    '00000000000000000000000000000000',
    () => {
      const cipher = createDecipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12), {
        authTagLength: 16,
      });
      cipher.setAuthTag(hex('d0d1c8a799996bf0265b98b5d48ab919'));
      const plain = cipher.update(hex('cea7403d4d606b6e074ec5d3baf39d18'));
      cipher.final();
      return plain;
    },
  ],
};

/**
 * Proves that the FIPS provider computes and that nothing else does, and limits the TLS connections
 * that this process opens to approved suites and groups.
 *
 * @returns the names of the checks
 * @throws {FipsError} if a check fails
 */
export function enforceFips(): readonly string[] {
  if (!isFipsForced()) throw new FipsError('the process was not started with --force-fips');
  if (getFips() !== 1) throw new FipsError('the FIPS provider of OpenSSL is not active');
  for (const [name, use] of Object.entries(refusals)) refuseUse(name, use);
  for (const [name, [expected, compute]] of Object.entries(answers)) check(name, expected, compute);
  const [one, other] = [draw(), draw()];
  if (one.equals(other)) throw new FipsError('the random generator repeats itself');
  tls.DEFAULT_MIN_VERSION = 'TLSv1.2';
  tls.DEFAULT_CIPHERS = approvedSuites;
  tls.DEFAULT_ECDH_CURVE = approvedCurves;
  const refused = Object.keys(refusals).map((name) => `${name} refused`);
  return [...refused, ...Object.keys(answers), 'random generator'];
}

function refuseUse(name: string, use: () => unknown): void {
  try {
    use();
  } catch {
    return; // as it must be
  }
  throw new FipsError(`${name} is available, so the FIPS provider is not the only one`);
}

function check(name: string, expected: string, compute: () => Buffer): void {
  let found: Buffer;
  try {
    found = compute();
  } catch (cause) {
    throw new FipsError(`the FIPS provider has no ${name}: ${String(cause)}`, { cause });
  }
  if (found.toString('hex') !== expected) {
    throw new FipsError(`the FIPS provider computes a wrong ${name}`);
  }
}

function draw(): Buffer {
  try {
    return randomBytes(32);
  } catch (cause) {
    throw new FipsError('the random generator failed', { cause });
  }
}
