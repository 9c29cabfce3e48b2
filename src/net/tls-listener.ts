// A TLS listener for broker protocols.

import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { assert } from '../base/assert.ts';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { ConnectionAdmission } from './connection-admission.ts';
import { answerAndClose } from './first-byte.ts';
import { HandshakeCounts } from './handshake-counts.ts';
import type { AdmissionLimits } from './limits.ts';
import { listen } from './listen.ts';
import { chooseBySocket, chooseByWire, type Recognizer } from './protocol-choice.ts';
import type { Reach } from './proxy-protocol/address-gate.ts';
import { ServerContexts } from './server-name/server-contexts.ts';
import type { TlsPolicy } from './tls-policy.ts';
import { Flusher, WireTransport } from './transport.ts';
import type { WebSocketEndpoint, WebSocketHost } from './web-socket/endpoint.ts';
import type { WebSocketWire } from './web-socket/wire.ts';
import { SocketWire, type Wire } from './wire.ts';

/** The interval of connection ticks, milliseconds: half of the shortest heartbeat interval. */
const tickMs = 500;

/** A certificate chain (PEM, the server's certificate first) and its key (PEM). */
export interface ServerCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /**
   * Only clients that ask for one of these names get it; undefined for all others. Lower case; the
   * first label may be `*`.
   */
  readonly names?: readonly string[] | undefined;
  /** Whether clients that send no name get it instead of those without names. */
  readonly isForUnnamed?: boolean | undefined;
}

/** The certificates that clients are asked for. */
export interface ClientCertificateOptions {
  /** The authorities that must have issued them, PEM. */
  readonly authorities: string;
  /** Whether a client without a certificate is refused. */
  readonly isRequired: boolean;
}

/** How clients reach listeners. */
export interface ListenerAccess extends Reach {
  /**
   * Whether certificates with names may come. Otherwise, clients are not asked for a name, which saves
   * a step of each handshake.
   */
  readonly choosesByName: boolean;
}

/** The settings of a listener. */
export interface TlsListenerOptions {
  readonly host: string;
  /** One per key type. The client's offer selects one. */
  readonly certificates: readonly ServerCertificate[];
  readonly policy: TlsPolicy;
  readonly limits: AdmissionLimits;
  /**
   * The protocols of the port, at least one, which are detected by their first bytes. The first one
   * answers unknown protocols.
   */
  readonly protocols: readonly Protocol[];
  /**
   * Creates the WebSocket endpoint, if the protocols are available over WebSocket too. It is passed
   * in, so that processes without WebSocket do not load the code.
   */
  readonly webSocket?: ((host: WebSocketHost) => WebSocketEndpoint) | undefined;
  /** Creates the answer to a client that does not use TLS, from its first bytes. */
  readonly answerPlain: (bytes: Buffer) => Buffer;
  /** If given, clients are asked for a certificate. One that is not valid is refused. */
  readonly clientCertificates?: ClientCertificateOptions | undefined;
  /** How clients reach the port; undefined for directly. */
  readonly access?: ListenerAccess | undefined;
  readonly clock?: Clock;
}

/** A possible continuation of a connection, depending on its first bytes. */
interface Endpoint extends Recognizer {
  /** @param bytes the bytes that were received to choose it; undefined if it is the only one */
  accept(socket: TLSSocket, bytes: Buffer | undefined): void;
}

/** A port for one or several protocols, over TLS only. */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #clock: Clock;
  readonly #tcp: Server;
  readonly #tls: TlsServer;
  readonly #contexts: ServerContexts;
  readonly #flusher = new Flusher();
  /** Admits connections, and counts the unauthenticated ones. */
  readonly admission: ConnectionAdmission;
  readonly handshakes = new HandshakeCounts();
  readonly #transports = new Set<WireTransport>();
  readonly #sockets = new Set<Socket>();
  /** The bytes of closed connections. */
  readonly #closedBytes = { received: 0, sent: 0 };
  #ticks: Timer | undefined = undefined;
  #ended: (() => void) | undefined = undefined;
  readonly #webSocket: WebSocketEndpoint | undefined;
  /** The possible continuations of a connection. */
  readonly #endpoints: readonly Endpoint[];

  constructor(options: TlsListenerOptions) {
    const { protocols, webSocket } = options;
    assert(protocols.length > 0, 'a listener has no protocol');
    this.#options = options;
    this.#webSocket = webSocket?.({
      subprotocols: protocols.flatMap((protocol) => protocol.subprotocols),
      opened: (wire, socket, subprotocol) => this.#openedWebSocket(wire, socket, subprotocol),
    });
    this.#endpoints = [
      ...protocols.map((protocol) => ({
        recognizes: (bytes: Buffer) => protocol.recognizes(bytes),
        accept: (socket: TLSSocket, bytes: Buffer | undefined) => {
          const transport = this.#attach(new SocketWire(socket), socket, protocol);
          if (bytes !== undefined) transport.received(bytes);
        },
      })),
      ...(this.#webSocket === undefined ? [] : [this.#webSocket]),
    ];
    this.#clock = options.clock ?? systemClock;
    const { clientCertificates } = options;
    this.#contexts = new ServerContexts(options);
    this.#tls = createTlsServer({
      ...this.#contexts.first(options.certificates),
      ...(clientCertificates && {
        requestCert: true,
        rejectUnauthorized: clientCertificates.isRequired,
      }),
      // The admission is stricter: it limits the whole handshake, not the time between two reads.
      handshakeTimeout: options.limits.handshakeTimeoutMs,
    });
    this.admission = new ConnectionAdmission(options.limits, this.#clock, options.access);
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#tcp = createTcpServer({ noDelay: true }, (socket) => this.#arrived(socket));
  }

  /**
   * Opens the port.
   *
   * @param port 0 for any free port
   * @returns the port
   * @throws {NetError} `port-in-use`, `listen-failed`
   */
  async open(port: number): Promise<number> {
    const found = await listen(this.#tcp, this.#options.host, port);
    this.#ticks = this.#clock.setInterval(() => this.#tick(), tickMs);
    return found;
  }

  /** Changes the certificates for new connections. */
  showCertificates(certificates: readonly ServerCertificate[]): void {
    this.#tls.setSecureContext(this.#contexts.show(certificates));
  }

  /** Connections that completed their handshake. */
  get connectionCount(): number {
    return this.#transports.size;
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

  #arrived(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#closedBytes.received += socket.bytesRead;
      this.#closedBytes.sent += socket.bytesWritten;
    });
    this.admission.accept(socket, {
      tls: () => this.#tls.emit('connection', socket),
      plain: (bytes) => answerAndClose(socket, this.#options.answerPlain(bytes)),
    });
  }

  #accept(socket: TLSSocket): void {
    const isAsked = this.#options.clientCertificates !== undefined;
    if (isAsked && !socket.authorized && socket.getPeerX509Certificate() !== undefined) {
      socket.destroy();
      return;
    }
    this.admission.handshakeDone(socket);
    this.handshakes.add(socket);
    socket.on('error', destroyIt);
    const [only, other] = this.#endpoints;
    if (only !== undefined && other === undefined) only.accept(socket, undefined);
    else {
      chooseBySocket(socket, this.#endpoints, (endpoint, bytes) => endpoint.accept(socket, bytes));
    }
  }

  /** The subprotocol selects the protocol; without one, the first bytes do. */
  #openedWebSocket(wire: WebSocketWire, socket: TLSSocket, subprotocol: string): void {
    const { protocols } = this.#options;
    const named = protocols.filter((protocol) => protocol.subprotocols.includes(subprotocol));
    const candidates = named.length > 0 ? named : protocols;
    wire.takesOnlyBinary = candidates.every(({ isBinary }) => isBinary === true);
    chooseByWire(wire, candidates, (protocol, bytes) => {
      wire.outputMessages = protocol.newOutputMessages?.();
      this.#attach(wire, socket, protocol).received(bytes);
    });
  }

  #attach(wire: Wire, socket: TLSSocket, protocol: Protocol): WireTransport {
    const transport = new WireTransport(wire, socket, this.#flusher, this.admission);
    this.#transports.add(transport);
    transport.attach(protocol.accept(transport), () => {
      this.#transports.delete(transport);
      if (this.#transports.size === 0) this.#ended?.();
    });
    return transport;
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.admission.tick();
    for (const transport of this.#transports) transport.tick(nowMs);
  }

  /**
   * Closes the port and all connections. Clients receive the reason and may answer before their
   * connections are cut.
   *
   * @param timeoutMs maximum time for this
   */
  async close(reason: string, timeoutMs: number): Promise<void> {
    this.#tcp.close();
    this.admission.close();
    this.#webSocket?.close();
    for (const transport of this.#transports) transport.connection.shutdown(reason);
    if (this.#transports.size > 0) await this.#allEnded(timeoutMs);
    this.#ticks?.clear();
    for (const socket of this.#sockets) socket.destroy();
  }

  #allEnded(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timeout = this.#clock.setTimeout(resolve, timeoutMs);
      this.#ended = () => {
        timeout.clear();
        resolve();
      };
    });
  }
}

/** A reset is an ordinary end. One listener for all sockets, because Node keeps closed ones for long. */
function destroyIt(this: Socket): void {
  this.destroy();
}
