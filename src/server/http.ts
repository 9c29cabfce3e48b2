import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Admission } from '../aws/pipeline/dispatch.ts';
import type { HttpResponse, RequestHead } from '../aws/request.ts';
import { sourceOf } from '../base/address.ts';
import { systemClock } from '../base/clock.ts';
import { Door } from '../net/door.ts';
import { answerAndClose } from '../net/first-byte.ts';
import type { DoorLimits } from '../net/limits.ts';
import { listen } from '../net/listen.ts';
import { MemoryBudget } from '../net/memory-budget.ts';
import { type ServerCertificate, secureContext } from '../net/tls-listener.ts';
import type { TlsPolicy } from '../net/tls-policy.ts';
import { type BodyFailure, readBody, skipBody } from './body.ts';
import { type HttpLimits, httpLimits } from './http-limits.ts';

/** Who answers requests. No function may throw or reject. */
export interface Answers {
  /** Looks at a request before its body is read. */
  admit(head: RequestHead): Admission;
  /** Answers a request whose body is larger than allowed and was therefore not read. */
  tooLarge(head: RequestHead, limitBytes: number): HttpResponse;
  /** Answers a request for whose body there is no room now. */
  throttled(head: RequestHead): HttpResponse;
  /** Answers a body in chunks of a sender who is not known. */
  lengthRequired(head: RequestHead): HttpResponse;
}

/** What the API's listener is made of. */
export interface HttpListenerOptions {
  readonly host: string;
  /** One per kind of key; the client's offer decides which is shown. */
  readonly certificates: readonly ServerCertificate[];
  readonly policy: TlsPolicy;
  readonly doorLimits: DoorLimits;
  /** Those of {@link httpLimits} that are to be others. */
  readonly limits?: Partial<HttpLimits>;
  readonly answers: Answers;
  /** Answers who asks for `/metrics`, given the header `Authorization`. */
  readonly metrics?: (authorization: string | undefined) => Promise<HttpResponse>;
}

/** The API's port: HTTPS, and nothing but HTTPS. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #limits: HttpLimits;
  readonly #server: HttpsServer;
  readonly #sockets = new Set<Socket>();
  readonly #budget: MemoryBudget;
  /** Requests of a connection that wait for their answers. */
  readonly #waiting = new WeakMap<Socket, number>();
  /** Calls that were refused since the last tick, by source. */
  readonly #refused = new Map<string, number>();
  #ticks: NodeJS.Timeout | undefined = undefined;
  /** Admits connections, and counts those whose peer has not shown who it is. */
  readonly door: Door;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#limits = { ...httpLimits, ...options.limits };
    const limits = this.#limits;
    this.#budget = new MemoryBudget(limits.strangerBodies);
    this.door = new Door(options.doorLimits, systemClock);
    this.#server = createServer(
      {
        ...secureContext(options.policy, options.certificates),
        // The door is stricter: it bounds the whole handshake, not the time between two bytes.
        handshakeTimeout: options.doorLimits.handshakeMs,
        headersTimeout: limits.headersMs,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: limits.keepAliveMs,
        connectionsCheckingInterval: limits.checkMs,
        maxHeaderSize: limits.headerBytesMax,
        noDelay: true,
      },
      (incoming, response) => this.#serve(incoming, response),
    );
    // One more than allowed: what the parser leaves out it does not tell.
    this.#server.maxHeadersCount = limits.headerCountMax + 1;
    this.#server.timeout = limits.idleMs;
    this.#server.on('checkContinue', (incoming: IncomingMessage, response: ServerResponse) =>
      this.#serve(incoming, response, true),
    );
    this.#server.on('secureConnection', (socket: TLSSocket) => this.door.opened(socket));
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
  async open(port: number): Promise<number> {
    const found = await listen(this.#server, this.#options.host, port);
    this.#ticks = setInterval(() => {
      this.door.tick();
      this.#refused.clear();
    }, this.#limits.checkMs);
    return found;
  }

  /** Bytes of the bodies that strangers are sending. */
  get strangerBytes(): number {
    return this.#budget.takenBytes;
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
    clearInterval(this.#ticks);
    this.door.close();
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
      this.door.arrived(socket, {
        tls: () => {
          for (const handshake of handshakes) handshake.call(this.#server, socket);
        },
        plain: () => answerAndClose(socket, plainAnswer),
      });
    });
  }

  /** @param isAsked whether the client waits to be asked for the body */
  #serve(incoming: IncomingMessage, response: ServerResponse, isAsked = false): void {
    const { socket } = incoming;
    if (!this.#mayWait(socket, response)) return;
    const { metrics } = this.#options;
    if (incoming.rawHeaders.length > 2 * this.#limits.headerCountMax) {
      const message = `A request may have ${this.#limits.headerCountMax} headers.`;
      this.#answerUnread(incoming, response, jsonAnswer(431, message), isAsked);
    } else if (isHealthCheck(incoming)) {
      this.#answerUnread(incoming, response, { ...jsonAnswer(200), body: '{}' }, isAsked);
    } else if (metrics !== undefined && isScrape(incoming)) {
      this.#scrape(incoming, response, metrics(incoming.headers.authorization), isAsked);
    } else this.#call(incoming, response, isAsked);
  }

  #scrape(
    incoming: IncomingMessage,
    response: ServerResponse,
    metrics: Promise<HttpResponse>,
    isAsked: boolean,
  ): void {
    metrics.then(
      (answer) => {
        if (answer.status === 200) this.door.admits(incoming.socket);
        this.#answerUnread(incoming, response, answer, isAsked);
      },
      (error: unknown) => response.destroy(error as Error),
    );
  }

  /** Counts a request; a connection with more than may wait for their answers is ended. */
  #mayWait(socket: Socket, response: ServerResponse): boolean {
    const count = (this.#waiting.get(socket) ?? 0) + 1;
    if (count > this.#limits.pipelinedCountMax) {
      socket.destroy();
      return false;
    }
    this.#waiting.set(socket, count);
    response.on('close', () => this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1));
    return true;
  }

  #call(incoming: IncomingMessage, response: ServerResponse, isAsked: boolean): void {
    const { answers } = this.#options;
    const head = headOf(incoming);
    if (Number(incoming.headers['content-length'] ?? 0) > this.#limits.bodyBytesMax) {
      this.#answerUnread(incoming, response, this.#failed(head, 'too-large'), isAsked);
      return;
    }
    const admission = answers.admit(head);
    if (admission.refusal !== undefined) {
      this.#answerUnread(incoming, response, admission.refusal, isAsked);
      return;
    }
    if (isChunked(incoming) && !admission.isProven) {
      this.#answerUnread(incoming, response, answers.lengthRequired(head), isAsked);
      return;
    }
    if (isAsked) response.writeContinue();
    if (admission.isProven) this.door.admits(incoming.socket);
    const share = { budget: this.#budget, source: sourceOf(head.peerAddress) };
    readBody(incoming, this.#limits, admission.isProven ? undefined : share, (body) => {
      if (body === 'in-pieces' || body === 'no-room')
        cutOff(incoming, response, this.#failed(head, body));
      else if (typeof body === 'string') {
        this.#answerUnread(incoming, response, this.#failed(head, body), false);
      } else this.#answerWith(incoming, response, admission, body);
    });
  }

  #answerWith(
    incoming: IncomingMessage,
    response: ServerResponse,
    admission: Admission,
    body: Buffer,
  ): void {
    const { socket } = incoming;
    this.door.checks(socket);
    const answer = admission.answer(body);
    if (admission.isProven) this.door.admits(socket);
    else this.door.opened(socket);
    if (admission.isProven) sendWhenReady(response, answer);
    else answer.then((refusal) => this.#sendRefusal(socket, response, refusal), ignore);
  }

  /** A source whose calls are refused again and again gets its answers late: each costs a little. */
  #sendRefusal(socket: Socket, response: ServerResponse, answer: HttpResponse): void {
    const { refusedCountMax, refusedDelayMs } = this.#limits;
    const source = sourceOf(socket.remoteAddress ?? '');
    const count = (this.#refused.get(source) ?? 0) + (answer.status < 400 ? 0 : 1);
    this.#refused.set(source, count);
    if (count <= refusedCountMax) send(response, answer);
    else setTimeout(() => send(response, answer), refusedDelayMs).unref();
  }

  #failed(head: RequestHead, failure: BodyFailure): HttpResponse {
    const { answers } = this.#options;
    if (failure === 'no-room') return answers.throttled(head);
    return answers.tooLarge(head, this.#limits.bodyBytesMax);
  }

  /** Answers without keeping the body; where that does not end soon, the connection ends with the answer. */
  #answerUnread(
    incoming: IncomingMessage,
    response: ServerResponse,
    answer: HttpResponse,
    isAsked: boolean,
  ): void {
    if (isChunked(incoming) && !incoming.complete) {
      cutOff(incoming, response, answer);
      return;
    }
    if (isAsked) {
      // It was not asked for the body, so nobody knows whether one follows.
      response.shouldKeepAlive = false;
      send(response, answer);
      return;
    }
    skipBody(incoming, this.#limits, (end) => {
      if (end === 'in-pieces') cutOff(incoming, response, answer);
      else {
        if (end !== 'ended') response.shouldKeepAlive = false;
        this.#sendRefusal(incoming.socket, response, answer);
      }
    });
  }
}

/** The dispatcher answers every failure. */
const ignore = (): void => {};

function isChunked({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined;
}

/**
 * Answers, and ends the connection in the same call: what has been received already would otherwise
 * be parsed to its end, each chunk of a byte at the cost of a thousand bytes in one piece.
 */
function cutOff(incoming: IncomingMessage, response: ServerResponse, answer: HttpResponse): void {
  response.shouldKeepAlive = false;
  send(response, answer);
  incoming.socket.destroy();
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
    socket.end(textAnswer('408 Request Timeout', 'The request took too long to arrive.'));
  } else {
    socket.end(textAnswer('400 Bad Request', 'What was sent is not HTTP/1.1.'));
  }
}

function isHealthCheck({ method, url }: IncomingMessage): boolean {
  return url === '/health' && (method === 'GET' || method === 'HEAD');
}

function isScrape({ method, url }: IncomingMessage): boolean {
  return url === '/metrics' && method === 'GET';
}

function jsonAnswer(status: number, message?: string): HttpResponse {
  const headers = { 'Content-Type': 'application/json' };
  return { status, headers, body: JSON.stringify({ message }) };
}

function headOf(incoming: IncomingMessage): RequestHead {
  // In a request to a proxy the path follows scheme and host.
  const url = (incoming.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const mark = url.indexOf('?');
  const socket = incoming.socket;
  return {
    method: incoming.method ?? '',
    rawPath: (mark < 0 ? url : url.slice(0, mark)) || '/',
    rawQuery: mark < 0 ? '' : url.slice(mark + 1),
    headers: headersOf(incoming.rawHeaders),
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
  if (response.destroyed) return;
  const body = Buffer.from(answer.body, 'utf8');
  response.writeHead(answer.status, {
    ...answer.headers,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
