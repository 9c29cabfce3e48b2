// Signing of requests with the official signer.

import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { HttpRequest } from '../../src/net/http/message.ts';

type Bytes = string | ArrayBuffer | ArrayBufferView;

/** SHA-256 as the SDK's signer asks for it. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: Bytes) {
    this.#hash = secret ? createHmac('sha256', asBuffer(secret)) : createHash('sha256');
  }

  update(data: Bytes): void {
    this.#hash.update(asBuffer(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {}
}

function asBuffer(data: Bytes): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}

/** The parameters of a signature. */
export interface Signing {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
  readonly service: string;
  readonly atMs: number;
}

/** A request before it is signed. */
export interface PlainRequest {
  readonly method: string;
  /** Already percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[]>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

function signer(signing: Signing): SignatureV4 {
  const { accessKeyId, secretAccessKey, sessionToken, region, service } = signing;
  return new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
    region,
    service,
    sha256: Sha256,
    applyChecksum: false,
    uriEscapePath: service !== 's3',
  });
}

/** Signs a request as the official SDKs do, in its headers or, presigned, in its query. */
export async function signRequest(
  plain: PlainRequest,
  signing: Signing,
  presigned = false,
): Promise<HttpRequest> {
  const { method, path, query, body } = plain;
  const request = {
    method,
    protocol: 'https:',
    hostname: 'localhost',
    path,
    query: query ?? {},
    headers: { host: 'localhost', ...plain.headers },
    body,
  };
  const options = { signingDate: new Date(signing.atMs) };
  const signed = presigned
    ? await signer(signing).presign(request, { ...options, expiresIn: 60 })
    : await signer(signing).sign(request, options);
  const pairs = Object.entries(signed.query ?? {}).flatMap(([name, value]) =>
    [value].flat().map((text) => `${encode(name)}=${encode(text ?? '')}`),
  );
  return {
    method,
    rawPath: signed.path,
    rawQuery: pairs.join('&'),
    headers: new Map(
      Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body: Buffer.from(body),
    peerAddress: '192.0.2.1',
  };
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
