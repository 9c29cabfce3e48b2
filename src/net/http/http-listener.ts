// An HTTPS listener with a table of routes.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { sourceOf } from '../../base/address.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { clientOf } from '../client-address.ts';
import { ConnectionAdmission } from '../connection-admission.ts';
import { answerAndClose } from '../first-byte.ts';
import { HandshakeCounts } from '../handshake-counts.ts';
import type { AdmissionLimits } from '../limits.ts';
import { listen } from '../listen.ts';
import { ServerContexts } from '../server-name/server-contexts.ts';
import type { ListenerAccess, ServerCertificate } from '../tls-listener.ts';
import type { TlsPolicy } from '../tls-policy.ts';
import { readBody, skipBody } from './body.ts';
import { type HttpLimits, httpLimits } from './http-limits.ts';
import { MemoryBudget } from './memory-budget.ts';
import {
  type HttpResponse,
  jsonResponse,
  type RequestHead,
  type StreamingResponse,
} from './message.ts';
import type { Admission, Labels, Rejection, RequestHandler } from './request-handler.ts';
import { headOf } from './request-head.ts';
import type { RouteTable } from './route-table.ts';
import {
  answerUnreadable,
  cutOff,
  plainAnswer,
  refuseUpgrade,
  send,
  sendWhenReady,
} from './send.ts';

/** Maximum number of characters of a path in an answer. */
const shownPathLength = 128;

/** A request and its response. */
interface Exchange {
  readonly head: RequestHead;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly isAsked: boolean;
}

/** The settings of an HTTPS listener. */
export interface HttpListenerOptions {
  readonly host: string;
  /** One per key type. The client's offer selects one. */
  readonly certificates: readonly ServerCertificate[];
  readonly policy: TlsPolicy;
  /** How clients reach the port; undefined for directly. */
  readonly access?: ListenerAccess | undefined;
  readonly admissionLimits: AdmissionLimits;
  /** Overrides of {@link httpLimits}. */
  readonly limits?: Partial<HttpLimits>;
  readonly routes: RouteTable;
  readonly clock: Clock;
}

/** A port that accepts HTTPS only. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #limits: HttpLimits;
  readonly #server: HttpsServer;
  readonly #contexts: ServerContexts;
  readonly #sockets = new Set<Socket>();
  /** The bytes of closed connections. */
  readonly #closedBytes = { received: 0, sent: 0 };
  readonly #budget: MemoryBudget;
  /** Unanswered requests of each connection. */
  readonly #waiting = new WeakMap<Socket, number>();
  /** Refused calls since the last tick, by source. */
  readonly #refused = new Map<string, number>();
  /** Answers to anybody since the last tick, by source: files, and calls that need no authentication. */
  readonly #files = new Map<string, number>();
  #ticks: Timer | undefined = undefined;
  /** Admits connections, and counts the unauthenticated ones. */
  readonly admission: ConnectionAdmission;
  readonly handshakes = new HandshakeCounts();

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#limits = { ...httpLimits, ...options.limits };
    const limits = this.#limits;
    this.#budget = new MemoryBudget(limits.unauthenticatedBodies);
    this.admission = new ConnectionAdmission(
      options.admissionLimits,
      options.clock,
      options.access,
    );
    this.#contexts = new ServerContexts(options);
    this.#server = createServer(
      {
        ...this.#contexts.first(options.certificates),
        // The admission is stricter: it limits the whole handshake, not the time between two reads.
        handshakeTimeout: options.admissionLimits.handshakeTimeoutMs,
        headersTimeout: limits.headersMs,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: limits.keepAliveMs,
        connectionsCheckingInterval: limits.checkMs,
        maxHeaderSize: limits.headerBytesMax,
        noDelay: true,
      },
      (incoming, response) => this.#serve(incoming, response),
    );
    // One more than allowed, because the parser silently drops further headers.
    this.#server.maxHeadersCount = limits.headerCountMax + 1;
    this.#server.timeout = limits.idleMs;
    this.#server.on('checkContinue', (incoming: IncomingMessage, response: ServerResponse) =>
      this.#serve(incoming, response, true),
    );
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      this.admission.handshakeDone(socket);
      this.handshakes.add(socket);
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      answerUnreadable(error, socket, limits.headerBytesMax),
    );
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    // With a listener, Node passes every request with an `Upgrade` header to it.
    if (options.routes.hasUpgrades) {
      this.#server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, first: Buffer) =>
        this.#upgrade(incoming, socket, first),
      );
    }
    this.#lookFirst();
  }

  /**
   * Opens the port.
   *
   * @param port 0 for any free port
   * @returns the port
   * @throws {NetError} `port-in-use`, `listen-failed`
   */
  async open(port: number): Promise<number> {
    const found = await listen(this.#server, this.#options.host, port);
    this.#ticks = this.#options.clock.setInterval(() => {
      this.admission.tick();
      this.#refused.clear();
      this.#files.clear();
    }, this.#limits.checkMs);
    return found;
  }

  /**
   * Delays the TLS handshakes of new connections until {@link release}, so that the port can be opened
   * before all answers are complete. The limits of unauthenticated connections apply meanwhile.
   */
  hold(): void {
    this.admission.hold();
  }

  /** Begins the delayed handshakes. */
  release(): void {
    this.admission.release();
  }

  /** The bytes that all connections have received and sent, including TLS. */
  get networkBytes(): { readonly received: number; readonly sent: number } {
    const sum = { ...this.#closedBytes };
    for (const { bytesRead, bytesWritten } of this.#sockets) {
      sum.received += bytesRead;
      sum.sent += bytesWritten;
    }
    return sum;
  }

  /** Memory in use for bodies of unauthenticated requests, bytes. */
  get unauthenticatedBytes(): number {
    return this.#budget.takenBytes;
  }

  /** Changes the certificates for new connections. */
  showCertificates(certificates: readonly ServerCertificate[]): void {
    this.#server.setSecureContext(this.#contexts.show(certificates));
  }

  /**
   * Closes the port. Requests in progress may finish.
   *
   * @param timeoutMs maximum time for this
   */
  async close(timeoutMs: number): Promise<void> {
    this.#ticks?.clear();
    this.admission.close();
    await new Promise<void>((resolve) => {
      const cut = this.#options.clock.setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy();
      }, timeoutMs);
      this.#server.close(() => {
        cut.clear();
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  /**
   * Inserts the check of the first byte before the TLS handshake, which the server would begin at
   * once.
   */
  #lookFirst(): void {
    const handshakes = this.#server.listeners('connection');
    this.#server.removeAllListeners('connection');
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#closedBytes.received += socket.bytesRead;
        this.#closedBytes.sent += socket.bytesWritten;
      });
      this.admission.accept(socket, {
        tls: () => {
          for (const handshake of handshakes) handshake.call(this.#server, socket);
        },
        plain: () => answerAndClose(socket, plainAnswer),
      });
    });
  }

  /** @param isAsked whether the client waits for `100 Continue` before it sends the body */
  #serve(incoming: IncomingMessage, response: ServerResponse, isAsked = false): void {
    const { socket } = incoming;
    if (!this.#mayWait(socket, response)) return;
    if (incoming.rawHeaders.length > 2 * this.#limits.headerCountMax) {
      const message = `A request may have at most ${this.#limits.headerCountMax} headers.`;
      this.#answerUnread(incoming, response, jsonResponse(431, { message }), isAsked);
      return;
    }
    const head = headOf(incoming);
    const found = this.#options.routes.find(head.method, head.rawPath);
    if (found === undefined) {
      this.#answerUnread(incoming, response, this.#nothingThere(head), isAsked);
    } else if ('serve' in found.value) {
      incoming.resume(); // the body has no meaning
      const next = () => send(response, this.#nothingThere(head));
      const site = found.value;
      this.#paced(socket, () => site.serve(incoming, response, next));
    } else this.#call({ head, incoming, response, isAsked }, found.value, found.labels);
  }

  #nothingThere({ method, rawPath }: RequestHead): HttpResponse {
    const path = rawPath.slice(0, shownPathLength);
    const methods = this.#options.routes.methodsOf(rawPath);
    if (methods.length === 0 || methods.includes(method)) {
      return jsonResponse(404, { message: `There is no resource at ${path}` });
    }
    const message = `${path} takes ${methods.join(', ')}, not ${method}`;
    return jsonResponse(405, { message }, { Allow: methods.join(', ') });
  }

  #upgrade(incoming: IncomingMessage, socket: Duplex, firstBytes: Buffer): void {
    // Node has removed its own listeners from the socket.
    socket.on('error', () => socket.destroy());
    const head = headOf(incoming);
    const found = this.#options.routes.findUpgrade(head.method, head.rawPath);
    const refusal = found ? found.value.admit(head, found.labels) : this.#nothingThere(head);
    if (found === undefined || refusal !== undefined) {
      refuseUpgrade(socket, refusal ?? this.#nothingThere(head));
      return;
    }
    const admitted = () => this.admission.authenticated(incoming.socket);
    incoming.socket.setTimeout(0); // the new protocol has its own timeouts
    found.value.upgrade({ incoming, head, socket, firstBytes, admitted });
  }

  /** Counts a request. A connection with too many unanswered requests is closed. */
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

  #call(exchange: Exchange, handler: RequestHandler, labels: Labels): void {
    const { head, incoming, response, isAsked } = exchange;
    const bodyBytesMax = handler.bodyBytesMax ?? this.#limits.bodyBytesMax;
    if (Number(incoming.headers['content-length'] ?? 0) > bodyBytesMax) {
      const refusal = handler.reject(head, 'too-large', bodyBytesMax);
      this.#answerUnread(incoming, response, refusal, isAsked);
      return;
    }
    const { socket } = incoming;
    const admission = handler.admit(head, labels, socket);
    if (!(admission instanceof Promise)) {
      this.#admitted(exchange, handler, admission);
      return;
    }
    this.admission.authenticating(socket);
    admission.then((decided) => {
      if (!decided.isProven) this.admission.handshakeDone(socket);
      if (!socket.destroyed) this.#admitted(exchange, handler, decided);
    }, ignore);
  }

  #admitted(exchange: Exchange, handler: RequestHandler, admission: Admission): void {
    const { head, incoming, response, isAsked } = exchange;
    const bodyBytesMax = handler.bodyBytesMax ?? this.#limits.bodyBytesMax;
    const rejected = (rejection: Rejection) => handler.reject(head, rejection, bodyBytesMax);
    if (admission.refusal !== undefined) {
      this.#answerUnread(incoming, response, admission.refusal, isAsked);
      return;
    }
    if (isChunked(incoming) && !admission.isProven) {
      this.#answerUnread(incoming, response, rejected('length-required'), isAsked);
      return;
    }
    if (isAsked) response.writeContinue();
    if (admission.isProven) this.admission.authenticated(incoming.socket);
    const share = { budget: this.#budget, source: sourceOf(head.peerAddress) };
    const limits = { ...this.#limits, bodyBytesMax };
    readBody(incoming, limits, admission.isProven ? undefined : share, (body) => {
      if (body === 'in-pieces') cutOff(incoming, response, rejected('too-large'));
      else if (body === 'no-room') cutOff(incoming, response, rejected('throttled'));
      else if (body === 'too-large') {
        this.#answerUnread(incoming, response, rejected('too-large'), false);
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
    this.admission.authenticating(socket);
    const answer = admission.answer(body);
    if (admission.isProven) this.admission.authenticated(socket);
    else this.admission.handshakeDone(socket);
    if (admission.isProven) sendWhenReady(response, answer);
    else answer.then((refusal) => this.#sendRefusal(socket, response, refusal), ignore);
  }

  /**
   * Answers a call that was not authenticated. Answers to a source with many such calls are delayed:
   * sooner if the calls are refused than if anybody may make them.
   */
  #sendRefusal(
    socket: Socket,
    response: ServerResponse,
    answer: HttpResponse | StreamingResponse,
  ): void {
    const { refusedCountMax, fileCountMax, refusedDelayMs } = this.#limits;
    const source = sourceOf(clientOf(socket).address);
    const isRefused = answer.status >= 400;
    const counts = isRefused ? this.#refused : this.#files;
    const count = (counts.get(source) ?? 0) + 1;
    counts.set(source, count);
    if (count <= (isRefused ? refusedCountMax : fileCountMax)) send(response, answer);
    else this.#options.clock.setTimeout(() => send(response, answer), refusedDelayMs).unref();
  }

  /**
   * Delays files for a source that asks for many: files are sent to anybody, from the event loop that
   * also serves clients.
   */
  #paced(socket: Socket, serve: () => void): void {
    const { fileCountMax, refusedDelayMs } = this.#limits;
    const source = sourceOf(clientOf(socket).address);
    const count = (this.#files.get(source) ?? 0) + 1;
    this.#files.set(source, count);
    if (count <= fileCountMax) {
      serve();
      return;
    }
    const later = () => {
      if (!socket.destroyed) serve();
    };
    this.#options.clock.setTimeout(later, refusedDelayMs).unref();
  }

  /**
   * Answers and discards the body. If the body does not end soon, the connection is closed after
   * the answer.
   */
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
      // The client was not asked for the body, so it is unknown whether one follows.
      response.shouldKeepAlive = false;
      send(response, answer);
      return;
    }
    skipBody(incoming, this.#limits, this.#options.clock, (end) => {
      if (end === 'in-pieces') cutOff(incoming, response, answer);
      else {
        if (end !== 'ended') response.shouldKeepAlive = false;
        this.#sendRefusal(incoming.socket, response, answer);
      }
    });
  }
}

/** Handlers answer every failure. */
const ignore = (): void => {};

function isChunked({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined;
}
