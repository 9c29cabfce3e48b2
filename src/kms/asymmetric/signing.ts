// Signing with private keys, and verification with public keys.

import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  sign,
  verify,
} from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Random } from '../../base/random.ts';
import { isFipsForced } from '../../crypto/fips-process.ts';
import { KmsError } from '../errors.ts';
import { encodePss, isPssEncoding } from './pss.ts';
import { hasModulusLength, modulusBits } from './rsa-lengths.ts';

/** What is signed: a message, or the digest of one. */
export interface SignedData {
  readonly type: 'RAW' | 'DIGEST';
  readonly bytes: Buffer;
}

/** An algorithm: scheme and hash function, in OpenSSL's terms. */
interface Algorithm {
  readonly scheme: 'pkcs1' | 'pss' | 'ecdsa' | 'ed25519';
  readonly hash: 'sha256' | 'sha384' | 'sha512';
}

/** The beginning of a DigestInfo in DER, before the digest. @see RFC 8017, section 9.2, note 1 */
const digestInfoStarts = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
} as const;

const curveNames: Readonly<Record<string, keyof DigestCurves>> = {
  prime256v1: 'p256',
  secp384r1: 'p384',
  secp521r1: 'p521',
  secp256k1: 'secp256k1',
};

/** The curves of a library that signs digests, which `node:crypto` cannot. */
interface DigestCurves {
  readonly p256: DigestCurve;
  readonly p384: DigestCurve;
  readonly p521: DigestCurve;
  readonly secp256k1: DigestCurve;
}

interface DigestCurve {
  sign(digest: Uint8Array, secret: Uint8Array, options: DigestOptions): Uint8Array;
  verify(
    signature: Uint8Array,
    digest: Uint8Array,
    publicKey: Uint8Array,
    options: DigestOptions,
  ): boolean;
}

interface DigestOptions {
  readonly prehash: false;
  readonly lowS: false;
  readonly format: 'der';
}

const digestOptions: DigestOptions = { prehash: false, lowS: false, format: 'der' };

let digestCurves: DigestCurves | undefined;

/**
 * Loads the library that signs digests with elliptic curves. Few callers need it, and it is large. It
 * is not a part of the FIPS provider.
 *
 * @throws {KmsError} 'UnsupportedOperationException' in FIPS mode
 */
export async function loadDigestCurves(): Promise<void> {
  if (isFipsForced()) {
    const text = 'Digests are neither signed nor verified with elliptic curves with --fips.';
    throw new KmsError('UnsupportedOperationException', `${text} Use MessageType RAW.`);
  }
  if (digestCurves !== undefined) return;
  const { p256, p384, p521 } = await import('@noble/curves/nist.js');
  const { secp256k1 } = await import('@noble/curves/secp256k1.js');
  digestCurves = { p256, p384, p521, secp256k1 };
}

/** Size of the digest that an algorithm signs, in bytes. */
export function digestBytesOf(algorithm: string): number {
  return Number(/(\d+)$/.exec(algorithm)?.[1]) / 8;
}

/** Whether an algorithm can sign a digest instead of a message. */
export function canSignDigest(algorithm: string): boolean {
  return parse(algorithm).scheme !== 'ed25519';
}

/**
 * Signs. Call {@link loadDigestCurves} before signing digests.
 *
 * @param pkcs8 the private key, DER, not modified
 * @param algorithm an algorithm that the key supports
 */
export function signWith(
  pkcs8: Buffer,
  algorithm: string,
  data: SignedData,
  random: Random,
): Buffer {
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const { scheme, hash } = parse(algorithm);
  if (data.type === 'RAW') return sign(hashFor(scheme, hash), data.bytes, signatureOf(key, scheme));
  if (scheme === 'pkcs1') {
    const info = digestInfo(hash, data.bytes);
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, info);
  }
  if (scheme === 'pss') {
    const encoded = encodePss(hash, data.bytes, modulusBits(key), random);
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
  }
  const { curve, secret } = privateScalar(key);
  const signature = curve.sign(data.bytes, secret, digestOptions);
  secret.fill(0);
  return Buffer.from(signature);
}

/**
 * Verifies a signature. Call {@link loadDigestCurves} before verifying signatures of digests.
 *
 * @param spki the public key, DER
 * @param algorithm an algorithm that the key supports
 */
export function isSignatureValid(
  spki: Buffer,
  algorithm: string,
  data: SignedData,
  signature: Buffer,
): boolean {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const { scheme, hash } = parse(algorithm);
  if ((scheme === 'pkcs1' || scheme === 'pss') && !hasModulusLength(key, signature)) return false;
  if (data.type === 'RAW') {
    return verify(hashFor(scheme, hash), data.bytes, signatureOf(key, scheme), signature);
  }
  try {
    return isDigestSignature(key, { scheme, hash }, data.bytes, signature);
  } catch {
    // A signature that does not even decode.
    return false;
  }
}

function isDigestSignature(
  key: KeyObject,
  { scheme, hash }: Algorithm,
  digest: Buffer,
  signature: Buffer,
): boolean {
  if (scheme === 'pkcs1') {
    const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return info.equals(digestInfo(hash, digest));
  }
  if (scheme === 'pss') {
    const encoded = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
    return isPssEncoding(hash, digest, encoded, modulusBits(key));
  }
  const { curve, point } = publicPoint(key);
  return curve.verify(signature, digest, point, digestOptions);
}

function parse(algorithm: string): Algorithm {
  if (algorithm === 'ED25519_SHA_512') return { scheme: 'ed25519', hash: 'sha512' };
  const [, name, bits] =
    /^(RSASSA_PKCS1_V1_5|RSASSA_PSS|ECDSA)_SHA_(256|384|512)$/.exec(algorithm) ?? [];
  assert(name !== undefined, `the signing algorithm ${algorithm} is not implemented`);
  const hash = `sha${bits}` as Algorithm['hash']; // the pattern
  if (name === 'ECDSA') return { scheme: 'ecdsa', hash };
  return { scheme: name === 'RSASSA_PSS' ? 'pss' : 'pkcs1', hash };
}

/** Ed25519 has a fixed hash function. */
function hashFor(scheme: Algorithm['scheme'], hash: string): string | null {
  return scheme === 'ed25519' ? null : hash;
}

/** The salt of PSS is as long as the digest, as in AWS. */
function signatureOf(key: KeyObject, scheme: Algorithm['scheme']) {
  if (scheme !== 'pss') return key;
  const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = constants;
  return { key, padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST };
}

function digestInfo(hash: Algorithm['hash'], digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(digestInfoStarts[hash], 'hex'), digest]);
}

function curveOf(key: KeyObject): DigestCurve {
  const name = curveNames[key.asymmetricKeyDetails?.namedCurve ?? ''];
  assert(digestCurves !== undefined && name !== undefined, 'the curve is not loaded');
  return digestCurves[name];
}

function privateScalar(key: KeyObject): { curve: DigestCurve; secret: Buffer } {
  const { d = '' } = key.export({ format: 'jwk' });
  return { curve: curveOf(key), secret: Buffer.from(d, 'base64url') };
}

/** The public point, uncompressed. */
function publicPoint(key: KeyObject): { curve: DigestCurve; point: Buffer } {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const coordinates = [x, y].map((text) => Buffer.from(text, 'base64url'));
  return { curve: curveOf(key), point: Buffer.concat([Buffer.of(4), ...coordinates]) };
}
