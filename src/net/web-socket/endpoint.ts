// WebSocket connections on a TLS listener.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { WebSocketServer } from 'ws';
import type { Recognition } from '../../protocols/protocol.ts';
import type { WebSocketLimits } from '../limits.ts';
import { newWebSocketServer } from './server.ts';
import { WebSocketWire } from './wire.ts';

/** The beginning of every request for a WebSocket connection (RFC 6455, 4.1). */
const firstWord = Buffer.from('GET ');

const advice = 'this port accepts WebSocket connections: an upgrade request is required\n';

/** The owner of a WebSocket endpoint. */
export interface WebSocketHost {
  /**
   * The subprotocols that can be negotiated, the preferred ones first. A client that offers none may use any protocol of the
   * port.
   */
  readonly subprotocols: readonly string[];
  /**
   * A connection was established.
   *
   * @param subprotocol empty if the client offered none
   */
  opened(wire: WebSocketWire, socket: TLSSocket, subprotocol: string): void;
}

/**
 * Accepts WebSocket connections on sockets that begin with an HTTP request. Compression is
 * disabled, because a small compressed message could expand without limit. Any path is accepted;
 * the messaging protocol authenticates the client.
 */
export class WebSocketEndpoint {
  readonly #limits: WebSocketLimits;
  readonly #host: WebSocketHost;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;

  constructor(limits: WebSocketLimits, host: WebSocketHost) {
    this.#limits = limits;
    this.#host = host;
    this.#http = createServer({ maxHeaderSize: limits.headBytesMax, keepAlive: true });
    this.#http.on('request', refuse);
    this.#http.on('clientError', (error, socket) => answerError(error, socket));
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#webSockets = newWebSocketServer(limits, (offered) => this.#subprotocol(offered));
  }

  recognizes(bytes: Buffer): Recognition {
    const size = Math.min(bytes.length, firstWord.length);
    if (firstWord.compare(bytes, 0, size, 0, size) !== 0) return 'no';
    return size < firstWord.length ? 'maybe' : 'yes';
  }

  #subprotocol(offered: ReadonlySet<string>): string | false {
    return this.#host.subprotocols.find((name) => offered.has(name)) ?? false;
  }

  /**
   * Takes over a socket. The caller limits the time until the client has logged in.
   *
   * @param bytes the bytes that were received before
   */
  accept(socket: TLSSocket, bytes: Buffer | undefined): void {
    this.#http.emit('connection', socket);
    if (bytes !== undefined) socket.emit('data', bytes);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // The library answers invalid handshakes and closes the socket.
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const wire = new WebSocketWire(webSocket, socket, this.#limits.unauthenticatedBytesMax);
      // Only TLS sockets were accepted.
      this.#host.opened(wire, socket as TLSSocket, webSocket.protocol);
    });
  }

  /** Stops accepting connections. */
  close(): void {
    this.#http.close();
    this.#webSockets.close();
  }
}

/** Ends the socket instead of destroying it, so that the answer is sent. */
function answerError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const status = isLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  else socket.destroy();
}

function refuse(_: IncomingMessage, response: ServerResponse): void {
  const head = { 'content-type': 'text/plain', upgrade: 'websocket', connection: 'close' };
  response.writeHead(426, { ...head, 'content-length': advice.length });
  response.end(advice);
}
