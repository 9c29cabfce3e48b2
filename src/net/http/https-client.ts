// Requests of this service to servers outside, such as identity providers.

import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { NetError } from '../errors.ts';
import { trustingContext } from '../trust.ts';

/** The settings of a client. */
export interface HttpsClientOptions {
  /** Certificates of additional authorities, PEM; undefined for the public ones only. */
  readonly authorities: string | undefined;
  readonly clock: Clock;
  /** Maximum time for an answer, including its body, milliseconds. */
  readonly timeoutMs?: number;
  /** Maximum size of the body of an answer, bytes. */
  readonly bodyBytesMax?: number;
  /** The certificate and key of this client, PEM, for servers that require one. */
  readonly certificate?: { readonly certificate: string; readonly privateKey: string } | undefined;
  /** The name that the server's certificate must have; that of the URL by default. */
  readonly serverName?: string;
  /** Maximum number of connections that are kept open between requests; none by default. */
  readonly keptConnectionCountMax?: number;
}

/** A request. */
export interface HttpsRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

/** An answer. */
export interface HttpsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const timeoutMsDefault = 5000;
const bodyBytesMaxDefault = 256 * 1024;
/** Maximum size of the headers of an answer, bytes. */
const headerBytesMax = 16 * 1024;

const get: HttpsRequest = { method: 'GET', headers: {}, body: undefined };

/**
 * Sends requests over TLS 1.2 or 1.3 only. The time and the size of an answer are limited. Redirects
 * are not followed.
 */
export class HttpsClient {
  readonly #options: HttpsClientOptions;
  /** Made by the first request, and once: to read the public authorities takes 25 milliseconds. */
  #agent: Agent | undefined;

  constructor(options: HttpsClientOptions) {
    this.#options = options;
  }

  /**
   * Sends a request.
   *
   * @throws {NetError} `request-failed`: the URL is not an https URL, the server cannot be reached, its
   *   certificate is not valid, or the answer takes too long or is too large
   */
  async send(url: URL, sent: HttpsRequest = get): Promise<HttpsAnswer> {
    if (url.protocol !== 'https:') {
      throw failed(url, `its scheme is ${url.protocol.slice(0, -1)}; only https is allowed`);
    }
    return new Promise((resolve, reject) => this.#exchange(url, sent, resolve, reject));
  }

  /** Closes the connections that are kept open. */
  close(): void {
    this.#agent?.destroy();
  }

  /**
   * Gets a JSON document.
   *
   * @throws {NetError} `request-failed`, including for a status other than 200 and a body that is not JSON
   */
  async getJson(url: URL): Promise<unknown> {
    const { status, body } = await this.send(url, {
      ...get,
      headers: { Accept: 'application/json' },
    });
    if (status !== 200) throw failed(url, `the answer has status ${status}; expected 200`);
    try {
      return JSON.parse(body.toString('utf8'));
    } catch (cause) {
      throw failed(url, 'the answer is not JSON', cause);
    }
  }

  #newAgent(): Agent {
    const { authorities, certificate, keptConnectionCountMax } = this.#options;
    const secureContext =
      authorities === undefined || certificate !== undefined
        ? createSecureContext({
            minVersion: 'TLSv1.2',
            ...(certificate && { cert: certificate.certificate, key: certificate.privateKey }),
            ...(authorities !== undefined && { ca: [...rootCertificates, authorities] }),
          })
        : trustingContext([authorities]);
    // Without the sessions of earlier connections, each connection checks the server's certificate.
    return keptConnectionCountMax === undefined
      ? new Agent({ secureContext, maxCachedSessions: 0 })
      : new Agent({ secureContext, keepAlive: true, maxSockets: keptConnectionCountMax });
  }

  #exchange(
    url: URL,
    { method, headers, body }: HttpsRequest,
    resolve: (answer: HttpsAnswer) => void,
    reject: (error: NetError) => void,
  ): void {
    const { clock, timeoutMs = timeoutMsDefault, serverName } = this.#options;
    this.#agent ??= this.#newAgent();
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const options: RequestOptions = {
      method,
      headers: { ...headers, ...length },
      maxHeaderSize: headerBytesMax,
      agent: this.#agent,
      ...(serverName !== undefined && { servername: serverName }),
    };
    const outgoing = request(url, options, (incoming) => {
      this.#receive(incoming, url).then((answer) => {
        timeout.clear();
        resolve(answer);
      }, give);
    });
    const give = (error: NetError) => {
      timeout.clear();
      outgoing.destroy();
      reject(error);
    };
    const late = () => give(failed(url, `there was no complete answer within ${timeoutMs} ms`));
    const timeout = clock.setTimeout(late, timeoutMs).unref();
    outgoing.on('error', (error) => give(failed(url, error.message, error)));
    outgoing.end(body);
  }

  #receive(incoming: IncomingMessage, url: URL): Promise<HttpsAnswer> {
    const { bodyBytesMax = bodyBytesMaxDefault } = this.#options;
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let size = 0;
      incoming.on('data', (part: Buffer) => {
        size += part.length;
        if (size > bodyBytesMax) {
          reject(failed(url, `the answer has more than ${bodyBytesMax} bytes`));
        } else parts.push(part);
      });
      incoming.on('error', (error) => reject(failed(url, error.message, error)));
      incoming.on('end', () => {
        const { statusCode = 0 } = incoming;
        resolve({ status: statusCode, headers: headersOf(incoming), body: Buffer.concat(parts) });
      });
    });
  }
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]);
  return Object.fromEntries(entries);
}

function failed(url: URL, why: string, cause?: unknown): NetError {
  // The query could contain secrets.
  const shown = `${url.origin}${url.pathname}`.slice(0, 256);
  return new NetError('request-failed', `${shown} cannot be used: ${why}`, { cause });
}
