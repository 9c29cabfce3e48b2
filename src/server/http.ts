import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { HttpRequest, HttpResponse } from '../aws/request.ts';
import { answerAndClose, tellByFirstByte } from '../net/first-byte.ts';
import { listen } from '../net/listen.ts';
import { type ServerCertificate, secureContext } from '../net/tls-listener.ts';
import type { TlsPolicy } from '../net/tls-policy.ts';

/** Bytes that the body of a request may have. */
export const bodyBytesMax = 1024 * 1024;

/** Bytes of a body too large that are still taken, to be answered at its end. */
const unreadBytesMax = 16 * bodyBytesMax;

/** Milliseconds for a TLS handshake, a request's headers, and a whole request. */
const patienceMs = { handshake: 10_000, headers: 10_000, request: 30_000, keepAlive: 75_000 };

/** Who answers requests. Neither function may throw or reject. */
export interface Answers {
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** Answers a request whose body is larger than allowed and was therefore not read. */
  tooLarge(request: HttpRequest, limitBytes: number): HttpResponse;
}

/** What the API's listener is made of. */
export interface HttpListenerOptions {
  readonly host: string;
  /** One per kind of key; the client's offer decides which is shown. */
  readonly certificates: readonly ServerCertificate[];
  readonly policy: TlsPolicy;
  /** Connections at a time; more are ended at once. */
  readonly connectionCountMax: number;
  readonly answers: Answers;
  /** Answers who asks for `/metrics`, given the header `Authorization`. */
  readonly metrics?: (authorization: string | undefined) => Promise<HttpResponse>;
}

/** The API's port: HTTPS, and nothing but HTTPS. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #server: HttpsServer;
  readonly #sockets = new Set<Socket>();

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        ...secureContext(options.policy, options.certificates),
        handshakeTimeout: patienceMs.handshake,
        headersTimeout: patienceMs.headers,
        requestTimeout: patienceMs.request,
        keepAliveTimeout: patienceMs.keepAlive,
        noDelay: true,
      },
      (incoming, response) => this.#serve(incoming, response),
    );
    this.#server.maxConnections = options.connectionCountMax;
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      answerUnreadable(error, socket),
    );
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#lookFirst();
  }

  /**
   * Opens the port.
   *
   * @param port 0 for any free one
   * @returns the port it listens on
   * @throws {NetError} `port-in-use`, `listen-failed`
   */
  open(port: number): Promise<number> {
    return listen(this.#server, this.#options.host, port);
  }

  /** Shows other certificates to clients that connect from now on. */
  showCertificates(certificates: readonly ServerCertificate[]): void {
    this.#server.setSecureContext(secureContext(this.#options.policy, certificates));
  }

  /**
   * Closes the port; requests that are being answered have a while to end.
   *
   * @param patienceMs how long that while is
   */
  async close(patienceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy();
      }, patienceMs);
      this.#server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  /** Puts a look at the first byte before the TLS handshake that the server would begin at once. */
  #lookFirst(): void {
    const handshakes = this.#server.listeners('connection');
    this.#server.removeAllListeners('connection');
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      const begin = () => {
        for (const handshake of handshakes) handshake.call(this.#server, socket);
      };
      tellByFirstByte(socket, begin, () => answerAndClose(socket, plainAnswer));
    });
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    const { answers } = this.#options;
    const socket = incoming.socket;
    socket.setNoDelay(true);
    if (isHealthCheck(incoming)) {
      send(response, { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{}' });
      return;
    }
    const { metrics } = this.#options;
    if (metrics !== undefined && incoming.method === 'GET' && incoming.url === '/metrics') {
      sendWhenReady(response, metrics(incoming.headers.authorization));
      return;
    }
    readBody(incoming, (body) => {
      if (body === undefined) {
        response.shouldKeepAlive = false; // what else it sends is not waited for
        const request = requestOf(incoming, Buffer.alloc(0));
        send(response, answers.tooLarge(request, bodyBytesMax));
        return;
      }
      sendWhenReady(response, answers.answer(requestOf(incoming, body)));
    });
  }
}

/** Answers what speaks no TLS, most likely a client with `http://` in its URL. */
const plainAnswer = textAnswer(
  '400 Bad Request',
  'This port speaks HTTPS only, with TLS 1.2 or 1.3; what was sent is no TLS handshake.',
);

function textAnswer(status: string, message: string): Buffer {
  const body = `${JSON.stringify({ message })}\n`;
  return Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    socket.end(textAnswer('431 Request Header Fields Too Large', 'The headers exceed 16 KiB.'));
  } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    socket.end(textAnswer('408 Request Timeout', 'The request took longer than 30 s to arrive.'));
  } else {
    socket.end(textAnswer('400 Bad Request', 'What was sent is not HTTP/1.1.'));
  }
}

function isHealthCheck({ method, url }: IncomingMessage): boolean {
  return url === '/health' && (method === 'GET' || method === 'HEAD');
}

/**
 * Collects the body and hands it on once; undefined where it is larger than allowed. What is too
 * large is taken to its end, unread, since most clients look for an answer only then.
 */
function readBody(incoming: IncomingMessage, done: (body: Buffer | undefined) => void): void {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  let isDone = false;
  const finish = (body: Buffer | undefined) => {
    if (!isDone) done(body);
    isDone = true;
  };
  incoming.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= bodyBytesMax) chunks.push(chunk);
    else chunks = [];
    if (sizeBytes > unreadBytesMax) finish(undefined);
  });
  incoming.on('end', () => finish(sizeBytes > bodyBytesMax ? undefined : Buffer.concat(chunks)));
}

function requestOf(incoming: IncomingMessage, body: Buffer): HttpRequest {
  // In a request to a proxy the path follows scheme and host.
  const url = (incoming.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const mark = url.indexOf('?');
  const socket = incoming.socket;
  return {
    method: incoming.method ?? '',
    rawPath: (mark < 0 ? url : url.slice(0, mark)) || '/',
    rawQuery: mark < 0 ? '' : url.slice(mark + 1),
    headers: headersOf(incoming.rawHeaders),
    body,
    peerAddress: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    ...(socket instanceof TLSSocket && { tls: tlsOf(socket) }),
  };
}

function headersOf(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return headers;
}

function tlsOf(socket: TLSSocket): { version: string; cipher: string } {
  return { version: socket.getProtocol() ?? '', cipher: socket.getCipher()?.name ?? '' };
}

function sendWhenReady(response: ServerResponse, answer: Promise<HttpResponse>): void {
  answer.then(
    (ready) => send(response, ready),
    (error: unknown) => response.destroy(error as Error),
  );
}

function send(response: ServerResponse, answer: HttpResponse): void {
  const body = Buffer.from(answer.body, 'utf8');
  response.writeHead(answer.status, {
    ...answer.headers,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
