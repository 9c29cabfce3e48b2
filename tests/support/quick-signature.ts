// Signing of many requests: with the service's own functions, which the official signers have
// confirmed in other tests, and without promises.

import { algorithm } from '../../src/aws/signing/signature-parts.ts';
import { signatureTime } from '../../src/aws/signing/signature-time.ts';
import { scopeText, sha256, signatureOf, signingKey } from '../../src/aws/signing/sigv4.ts';
import type { HttpRequest, RequestHead } from '../../src/net/http/message.ts';
import { encoded } from '../../src/net/http/percent-encoding.ts';
import type { PlainRequest, Signing } from './sign-request.ts';

const keys = new Map<string, Buffer>();

/** Signs a request in its headers. */
export function quicklySigned(plain: PlainRequest, signing: Signing): HttpRequest {
  const { accessKeyId, secretAccessKey, sessionToken, region, service, atMs } = signing;
  const time = signatureTime(atMs);
  const headers = new Map([
    ...Object.entries(plain.headers),
    ['host', 'localhost'],
    ['x-amz-date', time],
    ...(sessionToken === undefined ? [] : [['x-amz-security-token', sessionToken] as const]),
  ]);
  const body = Buffer.from(plain.body);
  const head: RequestHead = {
    method: plain.method,
    rawPath: plain.path,
    rawQuery: queryOf(plain.query ?? {}),
    headers,
    peerAddress: '192.0.2.1',
  };
  const scope = { date: time.slice(0, 8), region, service, terminator: 'aws4_request' };
  const name = `${accessKeyId}/${secretAccessKey}/${scopeText(scope)}`;
  const key = keys.get(name) ?? signingKey(secretAccessKey, scope);
  if (keys.size > 1000) keys.clear();
  keys.set(name, key);
  const signedHeaders = [...headers.keys()].sort();
  const signature = signatureOf(head, { scope, signedHeaders, time }, key, sha256(body));
  const authorization =
    `${algorithm} Credential=${accessKeyId}/${scopeText(scope)}, ` +
    `SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { ...head, headers: new Map([...headers, ['authorization', authorization]]), body };
}

function queryOf(query: NonNullable<PlainRequest['query']>): string {
  return Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((each) => `${encoded(name)}=${encoded(each)}`))
    .join('&');
}
