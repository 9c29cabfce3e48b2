// A port whose connections are forwarded to one of several servers, without reading them.

import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { ConnectionAdmission } from './connection-admission.ts';
import { answerAndClose } from './first-byte.ts';
import type { AdmissionLimits } from './limits.ts';
import { listen } from './listen.ts';

/** The interval of checks of timeouts, milliseconds. */
const tickMs = 500;
/** Time for a connection to a server on this machine, milliseconds. */
const connectMs = 3000;

/** The settings of a forwarder. */
export interface ForwarderOptions {
  readonly host: string;
  readonly limits: AdmissionLimits;
  /** The ports of the usable servers on the loopback address, the preferred one first. */
  readonly targets: () => readonly number[];
  /** Whether servers are told the address of the client, by version 1 of the PROXY protocol. */
  readonly statesAddress: boolean;
  /**
   * Time after which the servers would have closed a connection without a log-in, milliseconds. Until
   * then, it counts as one that has not logged in.
   */
  readonly loginMs: number;
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
  #ticks: Timer | undefined = undefined;
  readonly #closedBytes = { received: 0, sent: 0 };

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.admission = new ConnectionAdmission(options.limits, this.#clock);
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

  #arrived(client: Socket): void {
    this.#clients.add(client);
    client.on('close', () => {
      this.#clients.delete(client);
      this.#closedBytes.received += client.bytesRead;
      this.#closedBytes.sent += client.bytesWritten;
    });
    this.admission.accept(client, {
      tls: () => this.#forward(client, [...this.#options.targets()]),
      plain: (bytes) => answerAndClose(client, this.#options.answerPlain(bytes)),
    });
  }

  /** Connects to the first server that accepts. */
  #forward(client: Socket, targets: number[]): void {
    const port = targets.shift();
    if (port === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    const server = connect({ host: '127.0.0.1', port, noDelay: true, timeout: connectMs });
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
      this.#join(client, server);
    });
  }

  #join(client: Socket, server: Socket): void {
    this.admission.handshakeDone(client);
    const sinceMs = this.#clock.monotonicMs();
    const pair: Pair = { client, server, sinceMs, isAdmitted: false };
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
    if (this.#options.statesAddress) server.write(addressLine(client));
    client.pipe(server);
    server.pipe(client);
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

/** The line that states the addresses of a connection (PROXY protocol, version 1). */
function addressLine({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  const from = plainAddress(remoteAddress);
  const to = plainAddress(localAddress);
  if (from === undefined || to === undefined || isIPv6(from) !== isIPv6(to)) {
    return 'PROXY UNKNOWN\r\n';
  }
  const family = isIPv6(from) ? 'TCP6' : 'TCP4';
  return `PROXY ${family} ${from} ${to} ${remotePort ?? 0} ${localPort ?? 0}\r\n`;
}

/** An IPv4 address in the form of an IPv6 address becomes one of IPv4. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '').replace(/%.*$/, '');
}
