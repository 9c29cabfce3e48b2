import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { sourceOf } from '../../base/address.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { Door } from '../door.ts';
import { answerAndClose } from '../first-byte.ts';
import type { DoorLimits } from '../limits.ts';
import { listen } from '../listen.ts';
import { type ServerCertificate, secureContext } from '../tls-listener.ts';
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

/** Characters of a path that an answer repeats. */
const shownPathLength = 128;

/** A request and its answer. */
interface Exchange {
  readonly head: RequestHead;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether the client waits to be asked for the body. */
  readonly isAsked: boolean;
}

/** What a listener for HTTPS is made of. */
export interface HttpListenerOptions {
  readonly host: string;
  /** One per kind of key; the client's offer decides which is shown. */
  readonly certificates: readonly ServerCertificate[];
  readonly policy: TlsPolicy;
  readonly doorLimits: DoorLimits;
  /** Those of {@link httpLimits} that are to be others. */
  readonly limits?: Partial<HttpLimits>;
  readonly routes: RouteTable;
  readonly clock: Clock;
}

/** A port that speaks HTTPS, and nothing but HTTPS. */
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
  #ticks: Timer | undefined = undefined;
  /** Admits connections, and counts those whose peer has not shown who it is. */
  readonly door: Door;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#limits = { ...httpLimits, ...options.limits };
    const limits = this.#limits;
    this.#budget = new MemoryBudget(limits.strangerBodies);
    this.door = new Door(options.doorLimits, options.clock);
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
      answerUnreadable(error, socket, limits.headerBytesMax),
    );
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    // With a listener, Node takes every request with the header `Upgrade` out of its own handling.
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
   * @param port 0 for any free one
   * @returns the port it listens on
   * @throws {NetError} `port-in-use`, `listen-failed`
   */
  async open(port: number): Promise<number> {
    const found = await listen(this.#server, this.#options.host, port);
    this.#ticks = this.#options.clock.setInterval(() => {
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
   * @param timeoutMs how long that while is
   */
  async close(timeoutMs: number): Promise<void> {
    this.#ticks?.clear();
    this.door.close();
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
    if (incoming.rawHeaders.length > 2 * this.#limits.headerCountMax) {
      const message = `A request may have ${this.#limits.headerCountMax} headers.`;
      this.#answerUnread(incoming, response, jsonResponse(431, { message }), isAsked);
      return;
    }
    const head = headOf(incoming);
    const found = this.#options.routes.find(head.method, head.rawPath);
    if (found === undefined) {
      this.#answerUnread(incoming, response, this.#nothingThere(head), isAsked);
    } else if ('serve' in found.value) {
      incoming.resume(); // a body would mean nothing
      const next = () => send(response, this.#nothingThere(head));
      found.value.serve(incoming, response, next);
    } else this.#call({ head, incoming, response, isAsked }, found.value, found.labels);
  }

  #nothingThere({ method, rawPath }: RequestHead): HttpResponse {
    const path = rawPath.slice(0, shownPathLength);
    const methods = this.#options.routes.methodsOf(rawPath);
    if (methods.length === 0 || methods.includes(method)) {
      return jsonResponse(404, { message: `Nothing is at ${path}` });
    }
    const message = `${path} takes ${methods.join(', ')}, not ${method}`;
    return jsonResponse(405, { message }, { Allow: methods.join(', ') });
  }

  #upgrade(incoming: IncomingMessage, socket: Duplex, firstBytes: Buffer): void {
    // Node has taken its own listeners off the socket.
    socket.on('error', () => socket.destroy());
    const head = headOf(incoming);
    const found = this.#options.routes.findUpgrade(head.method, head.rawPath);
    const refusal = found ? found.value.admit(head, found.labels) : this.#nothingThere(head);
    if (found === undefined || refusal !== undefined) {
      refuseUpgrade(socket, refusal ?? this.#nothingThere(head));
      return;
    }
    const admitted = () => this.door.admits(incoming.socket);
    incoming.socket.setTimeout(0); // whoever takes it over knows when it is idle
    found.value.upgrade({ incoming, head, socket, firstBytes, admitted });
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

  #call(exchange: Exchange, handler: RequestHandler, labels: Labels): void {
    const { head, incoming, response, isAsked } = exchange;
    const bodyBytesMax = handler.bodyBytesMax ?? this.#limits.bodyBytesMax;
    const rejected = (rejection: Rejection) => handler.reject(head, rejection, bodyBytesMax);
    if (Number(incoming.headers['content-length'] ?? 0) > bodyBytesMax) {
      this.#answerUnread(incoming, response, rejected('too-large'), isAsked);
      return;
    }
    const admission = handler.admit(head, labels);
    if (admission.refusal !== undefined) {
      this.#answerUnread(incoming, response, admission.refusal, isAsked);
      return;
    }
    if (isChunked(incoming) && !admission.isProven) {
      this.#answerUnread(incoming, response, rejected('length-required'), isAsked);
      return;
    }
    if (isAsked) response.writeContinue();
    if (admission.isProven) this.door.admits(incoming.socket);
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
    this.door.checks(socket);
    const answer = admission.answer(body);
    if (admission.isProven) this.door.admits(socket);
    else this.door.opened(socket);
    if (admission.isProven) sendWhenReady(response, answer);
    else answer.then((refusal) => this.#sendRefusal(socket, response, refusal), ignore);
  }

  /** A source whose calls are refused again and again gets its answers late: each costs a little. */
  #sendRefusal(
    socket: Socket,
    response: ServerResponse,
    answer: HttpResponse | StreamingResponse,
  ): void {
    const { refusedCountMax, refusedDelayMs } = this.#limits;
    const source = sourceOf(socket.remoteAddress ?? '');
    const count = (this.#refused.get(source) ?? 0) + (answer.status < 400 ? 0 : 1);
    this.#refused.set(source, count);
    if (count <= refusedCountMax) send(response, answer);
    else this.#options.clock.setTimeout(() => send(response, answer), refusedDelayMs).unref();
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
