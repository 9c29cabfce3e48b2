// The keys that sign digest files.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import { openValue, sealValue } from '../../crypto/sealed-value.ts';

/** Time during which a key signs, milliseconds. Then a new one is made. */
const signingMs = 365 * 24 * 3600 * 1000;
const modulusBits = 2048;

/** A signing key. */
export interface SigningKeyRecord {
  /** 32 hexadecimal digits that identify the public key. */
  readonly fingerprint: string;
  /** The public key, PKCS#1 DER, base64. */
  readonly publicKey: string;
  /** The private key, PKCS#8 DER, sealed, base64. */
  readonly sealedPrivateKey: string;
  /** The times between which the key signs, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Makes a signing key. The private key is sealed.
 *
 * @param sealingKey 256 bits
 */
export async function makeSigningKey(
  sealingKey: KeyObject,
  nowMs: number,
): Promise<SigningKeyRecord> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: modulusBits });
  const der = pair.publicKey.export({ type: 'pkcs1', format: 'der' });
  const fingerprint = fingerprintOf(der);
  const secret = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  const sealed = sealValue(sealingKey, contextOf(fingerprint), secret);
  secret.fill(0);
  return {
    fingerprint,
    publicKey: der.toString('base64'),
    sealedPrivateKey: sealed.toString('base64'),
    fromMs: nowMs,
    toMs: nowMs + signingMs,
  };
}

/** Signs a text with RSA PKCS #1 v1.5 and SHA-256; hexadecimal digits. */
export function signText(sealingKey: KeyObject, key: SigningKeyRecord, text: string): string {
  const context = contextOf(key.fingerprint);
  const secret = openValue(sealingKey, context, Buffer.from(key.sealedPrivateKey, 'base64'));
  try {
    const privateKey = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
    return sign('sha256', Buffer.from(text), privateKey).toString('hex');
  } finally {
    secret.fill(0);
  }
}

/** Reads a public key, PKCS#1 DER. */
export function readPublicKey(der: Buffer): KeyObject {
  return createPublicKey({ key: der, format: 'der', type: 'pkcs1' });
}

/**
 * Identifies a public key by 32 hexadecimal digits, as CloudTrail does: by its MD5. Where MD5 is
 * not available, by the beginning of its SHA-256. Clients only compare the text.
 */
export function fingerprintOf(der: Uint8Array): string {
  try {
    return createHash('md5').update(der).digest('hex');
  } catch {
    return createHash('sha256').update(der).digest('hex').slice(0, 32);
  }
}

function contextOf(fingerprint: string): string {
  return `waxwing trails: signing key ${fingerprint}`;
}
