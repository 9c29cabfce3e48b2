// Calls to the administration service, for which there is no client of AWS.

import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { clientSettings, sensitiveNamesHeader, warnOfSensitiveNames } from './clients.ts';

/** SHA-256 and HMAC-SHA-256 of the browser, as the signer asks for them. */
export class Sha256 {
  readonly #secret: Uint8Array | undefined;
  #data: Uint8Array = new Uint8Array();

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    const more = bytesOf(data);
    const all = new Uint8Array(this.#data.length + more.length);
    all.set(this.#data);
    all.set(more, this.#data.length);
    this.#data = all;
  }

  async digest(): Promise<Uint8Array> {
    const data = new Uint8Array(this.#data);
    if (this.#secret === undefined) {
      return new Uint8Array(await crypto.subtle.digest('SHA-256', data));
    }
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    const secret = new Uint8Array(this.#secret);
    const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign']);
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, data));
  }

  reset(): void {
    this.#data = new Uint8Array();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** An error of the administration service. */
export class AdministrationError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * Sends a signed request to the administration service.
 *
 * @throws {AdministrationError}
 */
export async function callAdministration<Output>(path: string, input: object): Promise<Output> {
  const { region, credentials } = clientSettings();
  const signer = new SignatureV4({
    service: 'waxwing-administration',
    region,
    credentials,
    sha256: Sha256,
  });
  const body = JSON.stringify(input);
  const headers = { host: location.host, 'content-type': 'application/json' };
  const place = { protocol: location.protocol, hostname: location.hostname, path };
  const signed = await signer.sign(new HttpRequest({ ...place, method: 'POST', headers, body }));
  const { host: _, ...sent } = signed.headers;
  const response = await fetch(path, { method: 'POST', headers: sent, body, cache: 'no-store' });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const name = response.headers.get('x-amzn-errortype') ?? `Status ${response.status}`;
    throw new AdministrationError(name, answer.message ?? answer.Message ?? '');
  }
  warnOfSensitiveNames(response.headers.get(sensitiveNamesHeader) ?? undefined);
  return answer;
}
