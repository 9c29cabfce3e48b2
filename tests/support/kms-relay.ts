// A relay between a service and its remote KMS, which records requests and can be away.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { planeCertificates } from './certificates.ts';

/** A request to the KMS. */
export interface RelayedRequest {
  /** `TrentService.Decrypt` */
  readonly target: string;
  readonly body: string;
}

/** Where the KMS is. */
export interface RelayTarget {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
}

/** Passes requests on without changing them. */
export class KmsRelay {
  readonly requests: RelayedRequest[] = [];
  /** Whether connections are ended instead of answered. */
  isAway = false;
  /** The number of requests that were not answered. */
  unansweredCount = 0;
  readonly #server: Server;
  readonly #target: RelayTarget;

  private constructor(server: Server, target: RelayTarget) {
    this.#server = server;
    this.#target = target;
  }

  /** @param caFile where to write the authority of its certificate */
  static async start(target: RelayTarget, caFile: string): Promise<KmsRelay> {
    const { authority, servers } = await planeCertificates();
    writeFileSync(caFile, authority);
    const server = createServer({
      cert: servers.map(({ certificate }) => certificate),
      key: servers.map(({ privateKey }) => privateKey),
    });
    const relay = new KmsRelay(server, target);
    server.on('request', (incoming, response) => relay.#relay(incoming, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get url(): string {
    return `https://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  #relay(incoming: IncomingMessage, response: ServerResponse): void {
    if (this.isAway) {
      this.unansweredCount++;
      incoming.socket.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const target = String(incoming.headers['x-amz-target']);
      this.requests.push({ target, body: body.toString('utf8') });
      const { url, authority: ca } = this.#target;
      // The signature covers the name under which the relay was called.
      const options = { method: 'POST', headers: incoming.headers, ca };
      const outgoing = request(url, options, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.destroy());
      outgoing.end(body);
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
