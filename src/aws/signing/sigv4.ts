// The algorithm of Signature Version 4.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RequestHead } from '../../net/http/message.ts';
import { encoded } from '../../net/http/percent-encoding.ts';
import { RequestError } from '../errors.ts';
import { pairsOf } from '../parameters.ts';
import { algorithm, type CredentialScope, type SignatureParts } from './signature-parts.ts';

const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your ' +
  'AWS Secret Access Key and signing method. Consult the service documentation for details.';

/**
 * Derives the signing key for a scope.
 *
 * @param secret the secret access key
 * @returns 32 bytes; within the scope it is as sensitive as the secret
 * @see Signature Version 4, "Derive a signing key"
 */
export function signingKey(secret: string, scope: CredentialScope): Buffer {
  const chain = [scope.date, scope.region, scope.service, scope.terminator];
  return chain.reduce(hmac, Buffer.from(`AWS4${secret}`, 'utf8'));
}

/** What a signature covers, apart from the request and its body. */
export type SignedParts = Pick<SignatureParts, 'scope' | 'signedHeaders' | 'time'>;

/**
 * Computes a signature.
 *
 * @param key from {@link signingKey}
 * @param bodyHash SHA-256 of the body, 64 lower-case hexadecimal digits
 * @returns 64 lower-case hexadecimal digits
 */
export function signatureOf(
  request: RequestHead,
  parts: SignedParts,
  key: Buffer,
  bodyHash: string,
): string {
  const text = [
    algorithm,
    parts.time,
    scopeText(parts.scope),
    sha256(canonicalRequest(request, parts, bodyHash)),
  ].join('\n');
  return hmac(key, text).toString('hex');
}

/**
 * Verifies a signature.
 *
 * @param bodyHash SHA-256 of the body, 64 lower-case hexadecimal digits
 * @throws {RequestError} `signature-mismatch`
 */
export function verifySignature(
  request: RequestHead,
  parts: SignatureParts,
  key: Buffer,
  bodyHash: string,
): void {
  const wanted = signatureOf(request, parts, key, bodyHash);
  // The text is compared, so a signature in upper-case digits is refused, as in AWS.
  const given = Buffer.from(parts.signature, 'utf8');
  const right = Buffer.from(wanted, 'latin1');
  const isRight = given.length === right.length && timingSafeEqual(given, right);
  if (!isRight) throw new RequestError('signature-mismatch', mismatch);
}

/**
 * Checks that every header that affects the meaning of a request is signed. An unsigned header
 * could be changed in transit.
 *
 * @throws {RequestError} `signature-mismatch`
 */
export function checkSignedHeaders(request: RequestHead, parts: SignatureParts): void {
  const signed = new Set(parts.signedHeaders);
  const unsigned = ['host', ...request.headers.keys()].find(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  );
  if (unsigned === undefined) return;
  throw new RequestError(
    'signature-mismatch',
    `'${unsigned.slice(0, 64)}' must be a 'SignedHeader' in the AWS Authorization.`,
  );
}

/** The body hash that the request states. It is signed like the other `x-amz-` headers. */
export function claimedBodyHash(request: RequestHead): string | undefined {
  return request.headers.get('x-amz-content-sha256');
}

/**
 * Computes the SHA-256 of a body and compares it with the hash that the request states.
 *
 * @returns 64 lower-case hexadecimal digits
 * @throws {RequestError} `signature-mismatch`
 */
export function checkedBodyHash(body: Buffer, claimed: string | undefined): string {
  const hash = sha256(body);
  if (claimed === undefined || claimed === hash) return hash;
  throw new RequestError(
    'signature-mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  );
}

/** Builds the canonical request. @see Signature Version 4, "Create a canonical request" */
function canonicalRequest(request: RequestHead, parts: SignedParts, bodyHash: string): string {
  const headers = parts.signedHeaders.map(
    (name) => `${name}:${canonicalValue(request.headers.get(name) ?? '')}\n`,
  );
  return [
    request.method,
    // Amazon S3 signs paths as they are, because keys may have segments such as `..`.
    parts.scope.service === 's3' ? request.rawPath : canonicalPath(request.rawPath),
    canonicalQuery(request.rawQuery),
    headers.join(''),
    parts.signedHeaders.join(';'),
    bodyHash,
  ].join('\n');
}

function canonicalValue(value: string): string {
  return value.trim().replace(/ +/g, ' ');
}

/** Normalises a path: removes `.`, `..` and empty segments, and encodes it once more. */
function canonicalPath(rawPath: string): string {
  const segments: string[] = [];
  for (const segment of rawPath.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encoded(segment));
  }
  const isFolder = segments.length > 0 && rawPath.endsWith('/');
  return `/${segments.join('/')}${isFolder ? '/' : ''}`;
}

function canonicalQuery(rawQuery: string): string {
  return pairsOf(rawQuery, false)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The scope as text: `20261128/us-east-1/kms/aws4_request`. */
export function scopeText({ date, region, service, terminator }: CredentialScope): string {
  return `${date}/${region}/${service}/${terminator}`;
}

/** SHA-256 in lower-case hexadecimal digits. */
export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
