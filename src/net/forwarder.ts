// A port whose connections are forwarded to one of several servers, without reading them.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { sourceOf } from '../base/address.ts';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { clientOf } from './client-address.ts';
import { ConnectionAdmission } from './connection-admission.ts';
import { answerAndClose } from './first-byte.ts';
import type { AdmissionLimits } from './limits.ts';
import { listen } from './listen.ts';
import type { Reach } from './proxy-protocol/address-gate.ts';

/** The interval of checks of timeouts, milliseconds. */
const tickMs = 500;
/** Time for a connection to a server, milliseconds. */
const connectMs = 3000;

/** A server to which connections are forwarded. */
export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
  /** Creates what the server is sent first, to tell it the address of the client. */
  readonly header?: ((client: Socket) => Buffer | string) | undefined;
}

/** The settings of a forwarder. */
export interface ForwarderOptions {
  readonly host: string;
  readonly limits: AdmissionLimits;
  /** How connections arrive; undefined for directly. */
  readonly reach?: Reach | undefined;
  /**
   * Chooses the usable servers for a connection, the preferred one first, or closes it. It may read from
   * the socket, which is paused before and after, if it puts everything back.
   */
  readonly route: (client: Socket, chosen: (targets: readonly ForwardTarget[]) => void) => void;
  /**
   * Time after which the servers would have closed a connection without a log-in, milliseconds. Until
   * then, it counts as one that has not logged in. 0 if the servers count for themselves, because they
   * are told the addresses of clients.
   */
  readonly loginMs: number;
  /** Maximum number of forwarded connections from one source; undefined for no maximum. */
  readonly connectionsPerSourceMax?: number | undefined;
  /** Creates the answer to a client that does not use TLS, from its first bytes. */
  readonly answerPlain: (bytes: Buffer) => Buffer;
  readonly clock?: Clock;
}

/** A connection between a client and a server. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly sinceMs: number;
  isAdmitted: boolean;
}

/**
 * Forwards TLS connections to servers that end TLS themselves: this process sees only ciphertext. A
 * connection is forwarded once its first byte is one of TLS. Neither side is read faster than the other
 * takes its data.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly admission: ConnectionAdmission;
  readonly #pairs = new Set<Pair>();
  readonly #clients = new Set<Socket>();
  /** Forwarded connections by source. */
  readonly #counts = new Map<string, number>();
  #ticks: Timer | undefined = undefined;
  readonly #closedBytes = { received: 0, sent: 0 };

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.admission = new ConnectionAdmission(options.limits, this.#clock, options.reach);
    this.#server = createServer({ noDelay: true }, (socket) => this.#arrived(socket));
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
    this.#ticks = this.#clock.setInterval(() => this.#tick(), tickMs);
    return found;
  }

  /** The bytes that all clients have sent and received. */
  get networkBytes(): { readonly received: number; readonly sent: number } {
    const sum = { ...this.#closedBytes };
    for (const { bytesRead, bytesWritten } of this.#clients) {
      sum.received += bytesRead;
      sum.sent += bytesWritten;
    }
    return sum;
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#clients.size;
  }

  #arrived(client: Socket): void {
    this.#clients.add(client);
    client.on('close', () => {
      this.#clients.delete(client);
      this.#closedBytes.received += client.bytesRead;
      this.#closedBytes.sent += client.bytesWritten;
    });
    this.admission.accept(client, {
      tls: () => this.#options.route(client, (targets) => this.#forward(client, [...targets])),
      plain: (bytes) => answerAndClose(client, this.#options.answerPlain(bytes)),
    });
  }

  /** Connects to the first server that accepts. */
  #forward(client: Socket, targets: ForwardTarget[]): void {
    const target = targets.shift();
    if (target === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    const { host, port } = target;
    const server = connect({ host, port, noDelay: true, timeout: connectMs });
    const tryNext = () => {
      server.destroy();
      this.#forward(client, targets);
    };
    server.once('error', tryNext);
    server.once('timeout', tryNext);
    const ended = () => server.destroy();
    client.once('close', ended);
    server.once('connect', () => {
      server.off('error', tryNext);
      server.off('timeout', tryNext);
      server.setTimeout(0);
      client.off('close', ended);
      this.#join(client, server, target);
    });
  }

  #join(client: Socket, server: Socket, { header }: ForwardTarget): void {
    if (!this.#count(client)) {
      server.destroy();
      client.destroy();
      return;
    }
    this.admission.handshakeDone(client);
    const isAdmitted = this.#options.loginMs === 0;
    if (isAdmitted) this.admission.authenticated(client);
    const sinceMs = this.#clock.monotonicMs();
    const pair: Pair = { client, server, sinceMs, isAdmitted };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    server.on('error', end);
    client.on('close', end);
    // What the server sent last may still be on its way to the client.
    server.on('close', () => (client.writableEnded ? undefined : client.end()));
    server.on('close', () => this.#endLater(client));
    if (header !== undefined) server.write(header(client));
    client.pipe(server);
    server.pipe(client);
  }

  /** Counts a connection of its source, or returns that there are too many. */
  #count(client: Socket): boolean {
    const { connectionsPerSourceMax } = this.#options;
    if (connectionsPerSourceMax === undefined) return true;
    const source = sourceOf(clientOf(client).address);
    const count = this.#counts.get(source) ?? 0;
    if (count >= connectionsPerSourceMax) {
      this.admission.closed.crowded++;
      return false;
    }
    this.#counts.set(source, count + 1);
    client.once('close', () => {
      const left = (this.#counts.get(source) ?? 1) - 1;
      if (left > 0) this.#counts.set(source, left);
      else this.#counts.delete(source);
    });
    return true;
  }

  /** A client that does not read would keep its end of the connection. */
  #endLater(client: Socket): void {
    const timer = this.#clock.setTimeout(() => client.destroy(), connectMs).unref();
    client.once('close', () => timer.clear());
  }

  #tick(): void {
    this.admission.tick();
    const sinceMs = this.#clock.monotonicMs() - this.#options.loginMs;
    for (const pair of this.#pairs) {
      if (pair.isAdmitted || pair.sinceMs > sinceMs) continue;
      pair.isAdmitted = true;
      this.admission.authenticated(pair.client);
    }
  }

  /** Accepts no more connections. Those that there are stay open. */
  refuse(): void {
    this.#server.close();
    this.admission.close();
  }

  /** Closes the port and all connections. */
  close(): void {
    this.refuse();
    this.#ticks?.clear();
    for (const client of this.#clients) client.destroy();
  }
}
