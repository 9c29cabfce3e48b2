import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Connection, Transport } from '../protocols/protocol.ts';
import { Door } from './door.ts';
import { answerAndClose } from './first-byte.ts';
import type { DoorLimits } from './limits.ts';
import { listen } from './listen.ts';
import type { TlsPolicy } from './tls-policy.ts';
import { Flusher, SocketTransport } from './transport.ts';

/** Milliseconds between two ticks of a connection: half of the shortest heartbeat's interval. */
const tickMs = 500;

/** A certificate (PEM, its own first) and its key (PEM). */
export interface ServerCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What a listener's server is told of TLS: how to speak it, and who it is. */
export function secureContext(policy: TlsPolicy, certificates: readonly ServerCertificate[]) {
  return {
    ...policy,
    cert: certificates.map(({ certificate }) => certificate),
    key: certificates.map(({ privateKey }) => privateKey),
  };
}

/** What a listener is made of. */
export interface TlsListenerOptions {
  readonly host: string;
  /** One per kind of key; the client's offer decides which is shown. */
  readonly certificates: readonly ServerCertificate[];
  readonly policy: TlsPolicy;
  readonly limits: DoorLimits;
  /** Makes the protocol's end of a new connection. */
  readonly accept: (transport: Transport) => Connection;
  /** What to say to a client that speaks no TLS, given its first bytes. */
  readonly answerPlain: (bytes: Buffer) => Buffer;
  readonly clock?: Clock;
}

/** A port on which one protocol is spoken, over TLS only. */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #clock: Clock;
  readonly #tcp: Server;
  readonly #tls: TlsServer;
  readonly #flusher = new Flusher();
  /** Admits connections, and counts those whose peer has not logged in. */
  readonly door: Door;
  readonly #transports = new Set<SocketTransport>();
  readonly #sockets = new Set<Socket>();
  #ticks: NodeJS.Timeout | undefined = undefined;
  #ended: (() => void) | undefined = undefined;

  constructor(options: TlsListenerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#tls = createTlsServer({
      ...secureContext(options.policy, options.certificates),
      // The door is stricter: it bounds the whole handshake, not the time between two bytes.
      handshakeTimeout: options.limits.handshakeMs,
    });
    this.door = new Door(options.limits, this.#clock);
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#tcp = createTcpServer({ noDelay: true }, (socket) => this.#arrived(socket));
  }

  /**
   * Opens the port.
   *
   * @param port 0 for any free one
   * @returns the port it listens on
   * @throws {NetError} `port-in-use`, `listen-failed`
   */
  async open(port: number): Promise<number> {
    const found = await listen(this.#tcp, this.#options.host, port);
    this.#ticks = setInterval(() => this.#tick(), tickMs);
    return found;
  }

  /** Shows other certificates to clients that connect from now on. */
  showCertificates(certificates: readonly ServerCertificate[]): void {
    this.#tls.setSecureContext(secureContext(this.#options.policy, certificates));
  }

  /** Connections that finished their handshake. */
  get connectionCount(): number {
    return this.#transports.size;
  }

  #arrived(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    this.door.arrived(socket, {
      tls: () => this.#tls.emit('connection', socket),
      plain: (bytes) => answerAndClose(socket, this.#options.answerPlain(bytes)),
    });
  }

  #accept(socket: TLSSocket): void {
    this.door.opened(socket);
    const transport = new SocketTransport(socket, this.#flusher, this.door);
    this.#transports.add(transport);
    transport.attach(this.#options.accept(transport), () => {
      this.#transports.delete(transport);
      if (this.#transports.size === 0) this.#ended?.();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.door.tick();
    for (const transport of this.#transports) transport.tick(nowMs);
  }

  /**
   * Closes the port and every connection: clients are told the reason and have a while to answer,
   * then they are cut.
   *
   * @param timeoutMs how long that while is
   */
  async close(reason: string, timeoutMs: number): Promise<void> {
    this.#tcp.close();
    this.door.close();
    for (const transport of this.#transports) transport.connection.shutdown(reason);
    if (this.#transports.size > 0) await this.#allEnded(timeoutMs);
    clearInterval(this.#ticks);
    for (const socket of this.#sockets) socket.destroy();
  }

  #allEnded(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#ended = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
