// Parses the Signature Version 4 parameters of a request.

import { createHash } from 'node:crypto';
import type { RequestHead } from '../../net/http/message.ts';
import { RequestError } from '../errors.ts';
import { pairsOf } from '../parameters.ts';
import { readSignatureTime, signatureTime } from './signature-time.ts';

/** The scope in which a signature is valid. */
export interface CredentialScope {
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  /** The service's signing name. */
  readonly service: string;
  readonly terminator: string;
}

/** The signature parameters of a request. They are not verified yet. */
export interface SignatureParts {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  /** Lower case and sorted, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits if it is valid. */
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly time: string;
  readonly atMs: number;
  /** Seconds, 1 to 604800; only for presigned requests. */
  readonly expiresSeconds: number | undefined;
  readonly sessionToken: string | undefined;
}

/** The only supported algorithm. */
export const algorithm = 'AWS4-HMAC-SHA256';

/** Signature Version 4A, which signs for several regions with an asymmetric key. */
const asymmetricAlgorithm = 'AWS4-ECDSA-P256-SHA256';

/** Maximum number of parts of an Authorization header that are examined; a valid one has three. */
const authorizationPartsMax = 16;

/** Maximum number of signed headers. */
const signedHeaderCountMax = 100;

const expiresSecondsMax = 604_800;

/**
 * Reads the signature parameters from the Authorization header or the query.
 *
 * @throws {RequestError} `missing-authentication`, `incomplete-signature`
 */
export function signatureParts(request: RequestHead): SignatureParts {
  const header = request.headers.get('authorization');
  const query = new Map(pairsOf(request.rawQuery, false));
  const isPresigned = query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature');
  if (header !== undefined && isPresigned) {
    throw incomplete(
      'Only one way to authenticate is allowed: the Authorization header or the query string.',
    );
  }
  if (header !== undefined) return fromHeader(header.trim(), request);
  if (isPresigned) return fromQuery(query);
  throw new RequestError('missing-authentication', 'Missing Authentication Token');
}

function fromHeader(header: string, request: RequestHead): SignatureParts {
  const [scheme = '', rest = ''] = splitOnce(header, ' ');
  if (scheme !== algorithm) throw unsupported(scheme);
  const parts = new Map(
    rest
      .split(',', authorizationPartsMax)
      .map((part) => splitOnce(part.trim(), '=') as [string, string]),
  );
  const time = request.headers.get('x-amz-date') ?? request.headers.get('date');
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !parts.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (time === undefined) {
    missing.push(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }
  if (missing.length > 0) throw incomplete(`${missing.join(' ')} ${hashOf(header)}`);
  return {
    ...credential(parts.get('Credential') ?? ''),
    ...timeOf(time ?? ''),
    signedHeaders: headerNames(parts.get('SignedHeaders') ?? ''),
    signature: parts.get('Signature') ?? '',
    expiresSeconds: undefined,
    sessionToken: request.headers.get('x-amz-security-token'),
  };
}

function fromQuery(query: ReadonlyMap<string, string>): SignatureParts {
  const names = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'];
  const missing = names
    .filter((name) => !query.get(`X-Amz-${name}`))
    .map((name) => `AWS query-string parameters must include 'X-Amz-${name}'.`);
  if (missing.length > 0) throw incomplete(missing.join(' '));
  const part = (name: string) => query.get(`X-Amz-${name}`) ?? '';
  if (part('Algorithm') !== algorithm) throw unsupported(part('Algorithm'));
  return {
    ...credential(part('Credential')),
    ...timeOf(part('Date')),
    signedHeaders: headerNames(part('SignedHeaders')),
    signature: part('Signature'),
    expiresSeconds: expires(part('Expires')),
    sessionToken: query.get('X-Amz-Security-Token'),
  };
}

function credential(text: string): Pick<SignatureParts, 'accessKeyId' | 'scope'> {
  const parts = text.split('/');
  const [accessKeyId, date, region, service, terminator] = parts;
  if (
    parts.length !== 5 ||
    !accessKeyId ||
    !date ||
    !region ||
    !service ||
    terminator === undefined
  ) {
    throw incomplete(
      'Credential must have exactly 5 slash-delimited elements, ' +
        `e.g. keyid/date/region/service/term, got ${parts.length}`,
    );
  }
  return { accessKeyId, scope: { date, region, service, terminator } };
}

function timeOf(text: string): Pick<SignatureParts, 'time' | 'atMs'> {
  const atMs = readSignatureTime(text);
  if (atMs === undefined) {
    throw incomplete(
      "Date must be in ISO-8601 'basic format' (YYYYMMDD'T'HHMMSS'Z') or a date of HTTP.",
    );
  }
  return { time: signatureTime(atMs), atMs };
}

function headerNames(text: string): string[] {
  const names = text.split(';', signedHeaderCountMax + 1).map((name) => name.toLowerCase());
  if (names.length <= signedHeaderCountMax) return names;
  throw incomplete(`SignedHeaders may name at most ${signedHeaderCountMax} headers`);
}

function expires(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > expiresSecondsMax) {
    throw incomplete(`X-Amz-Expires must be between 1 and ${expiresSecondsMax} seconds`);
  }
  return seconds;
}

/** Names a header by its hash, so that neither answers nor logs repeat what it contains. */
function hashOf(header: string): string {
  const hash = createHash('sha256').update(header).digest('base64');
  return `(Hashed with SHA-256 and encoded with Base64) Authorization=${hash}`;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function incomplete(text: string): RequestError {
  return new RequestError('incomplete-signature', text);
}

function unsupported(found: string): RequestError {
  if (found === asymmetricAlgorithm) {
    return incomplete(
      `Signature Version 4A ('${asymmetricAlgorithm}') is not supported; sign for one region with '${algorithm}'.`,
    );
  }
  return incomplete(
    `Unsupported AWS 'algorithm': '${found.slice(0, 64)}', must be '${algorithm}'.`,
  );
}
