// Reading the files of trails from their buckets, with the signature of S3.

import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../../aws/administration.ts';
import { clientSettings } from '../../aws/clients.ts';

/** Maximum size of an uncompressed file, bytes. */
const fileBytesMax = 256 * 1024 * 1024;
/** Maximum number of names that are listed. */
const nameCountMax = 100_000;

/** A file of a trail. */
export interface TrailFile {
  /** Uncompressed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Hexadecimal digits; undefined for files without one. */
  readonly signature: string | undefined;
}

async function get(path: string, query: Record<string, string> = {}): Promise<Response> {
  const { region, credentials } = clientSettings();
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
  });
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const headers = { host: location.host };
  const place = { protocol: location.protocol, hostname: location.hostname, path: encoded, query };
  const signed = await signer.sign(new HttpRequest({ ...place, method: 'GET', headers }));
  const { host: _, ...sent } = signed.headers;
  const search = Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`;
  return fetch(`${encoded}${search}`, { headers: sent, cache: 'no-store' });
}

/** @throws {Error} with the code and the message of the service */
async function failed(response: Response): Promise<never> {
  const told = new Map<string, string>();
  // Proxies answer other pages, and what is no XML would become a page about that with styles in it.
  if (/\bxml\b/.test(response.headers.get('content-type') ?? '')) {
    const answer = new DOMParser().parseFromString(await response.text(), 'application/xml');
    for (const { nodeName, textContent } of answer.querySelectorAll('Code, Message')) {
      told.set(nodeName, textContent ?? '');
    }
  }
  const error = new Error(told.get('Message') || `The service answered ${response.status}.`);
  error.name = told.get('Code') || 'Error';
  throw error;
}

/**
 * Lists the names of files, in their order.
 *
 * @throws {Error} if there are too many, or with what the service says
 */
export async function listFiles(bucket: string, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  let token: string | undefined;
  do {
    const query = {
      'list-type': '2',
      prefix,
      ...(token !== undefined && { 'continuation-token': token }),
    };
    const response = await get(`/${bucket}`, query);
    if (!response.ok) return failed(response);
    const page = new DOMParser().parseFromString(await response.text(), 'application/xml');
    names.push(...[...page.querySelectorAll('Contents > Key')].map((key) => key.textContent ?? ''));
    if (names.length > nameCountMax) throw new Error(`There are more than ${nameCountMax} files.`);
    token = page.querySelector('NextContinuationToken')?.textContent ?? undefined;
  } while (token !== undefined);
  return names;
}

/**
 * Reads a file.
 *
 * @returns undefined if there is none, or if it cannot be opened or uncompressed
 * @throws {Error} with what the service says
 */
export async function readFile(bucket: string, key: string): Promise<TrailFile | undefined> {
  const response = await get(`/${bucket}/${key}`);
  // Also for sealed files that were changed. Other failures say nothing of the file.
  if (response.status === 404) return undefined;
  if (!response.ok) return failed(response);
  const signature = response.headers.get('x-amz-meta-signature') ?? undefined;
  const bytes = await uncompressed(await response.blob());
  return bytes && { bytes, signature };
}

async function uncompressed(body: Blob): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    const stream: ReadableStream<Uint8Array<ArrayBuffer>> = body
      .stream()
      .pipeThrough(new DecompressionStream('gzip'));
    const reader = stream.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length;
      if (length > fileBytesMax) {
        await reader.cancel();
        return undefined;
      }
      chunks.push(part.value);
    }
  } catch {
    return undefined; // whatever it is, it is not what was delivered
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
