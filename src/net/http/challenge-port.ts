// A port for the challenges of ACME over HTTP (RFC 8555, 8.3).

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen } from '../listen.ts';

const path = '/.well-known/acme-challenge/';
const connectionCountMax = 1000;
const timeoutMs = 5000;
const headerBytesMax = 8 * 1024;

/**
 * Answers the challenges of an order, and nothing else. It is the only port without TLS, and is open
 * only during an order.
 */
export class ChallengePort {
  readonly #answers = new Map<string, string>();
  readonly #server: Server;

  constructor() {
    const limits = {
      headersTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: headerBytesMax,
    };
    this.#server = createServer(limits, (request, response) => this.#answer(request, response));
    this.#server.maxConnections = connectionCountMax;
    this.#server.timeout = timeoutMs;
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /**
   * Opens the port.
   *
   * @returns the port
   * @throws {NetError} `port-in-use`, `listen-failed`
   */
  open(host: string, port: number): Promise<number> {
    return listen(this.#server, host, port);
  }

  /** Adds a challenge. */
  add(token: string, answer: string): void {
    this.#answers.set(token, answer);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { method, url = '' } = request;
    const token = url.startsWith(path) ? url.slice(path.length) : '';
    const answer = method === 'GET' ? this.#answers.get(token) : undefined;
    response.writeHead(answer === undefined ? 404 : 200, {
      'Content-Type': 'application/octet-stream',
      Connection: 'close',
    });
    response.end(answer);
  }

  /** Closes the port and all connections. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
