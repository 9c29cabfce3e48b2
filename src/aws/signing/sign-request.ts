// Signs requests of this program's own commands.

import type { RequestHead } from '../../net/http/message.ts';
import { algorithm } from './signature-parts.ts';
import { signatureTime } from './signature-time.ts';
import { scopeText, sha256, signatureOf, signingKey } from './sigv4.ts';

/** The credentials and the place of a signature. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only temporary credentials have one. */
  readonly sessionToken?: string | undefined;
  readonly region: string;
  /** The service's signing name. */
  readonly service: string;
}

/** A request before it is signed. */
export interface UnsignedRequest {
  readonly method: string;
  /** Percent-encoded, without a query. */
  readonly path: string;
  /** Percent-encoded, without the `?`; default: none. */
  readonly query?: string;
  /** Host name and port. */
  readonly host: string;
  readonly body: string | Buffer;
  /** Defaults to JSON. */
  readonly contentType?: string;
  /** Further headers, with names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returns the headers of a signed request. */
export function signedHeaders(
  { method, path, query = '', host, body, headers: given, ...request }: UnsignedRequest,
  signer: Signer,
  nowMs: number,
): Record<string, string> {
  const time = signatureTime(nowMs);
  const { sessionToken } = signer;
  const headers = {
    'content-type': request.contentType ?? 'application/json',
    ...given,
    host,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const head: RequestHead = {
    method,
    rawPath: path,
    rawQuery: query,
    headers: new Map(Object.entries(headers)),
    peerAddress: '',
  };
  const { region, service, accessKeyId, secretAccessKey } = signer;
  const scope = { date: time.slice(0, 8), region, service, terminator: 'aws4_request' };
  const signed = Object.keys(headers).sort();
  const key = signingKey(secretAccessKey, scope);
  const signature = signatureOf(head, { scope, signedHeaders: signed, time }, key, sha256(body));
  const authorization = [
    `${algorithm} Credential=${accessKeyId}/${scopeText(scope)}`,
    `SignedHeaders=${signed.join(';')}`,
    `Signature=${signature}`,
  ].join(', ');
  return { ...headers, authorization };
}
