// The listeners of a broker.

import type { ConnectionAdmission } from './connection-admission.ts';
import { NetError } from './errors.ts';
import type { HandshakeCount, HandshakeCounts } from './handshake-counts.ts';
import type { ClosedCounts } from './proxy-protocol/address-gate.ts';
import type { ServerCertificate } from './tls-listener.ts';

/** A port of a broker: for broker protocols, or for HTTPS. */
export interface PortListener {
  readonly admission: ConnectionAdmission;
  readonly handshakes: HandshakeCounts;
  /** The bytes that all connections have received and sent, including TLS. */
  readonly networkBytes: { readonly received: number; readonly sent: number };
  open(port: number): Promise<number>;
  close(reason: string, timeoutMs: number): Promise<void>;
  showCertificates(certificates: readonly ServerCertificate[]): void;
}

/** A listener with its name. */
export interface NamedListener {
  /** The name of the listener, such as `amqps`. */
  readonly name: string;
  /** The ports to try, in this order; 0 for any free port. */
  readonly ports: readonly number[];
  readonly listener: PortListener;
}

/** The listeners of a broker, which are opened and closed together. */
export class Listeners {
  /** The port of each listener, by name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly #all: readonly PortListener[];

  private constructor(ports: Readonly<Record<string, number>>, all: readonly PortListener[]) {
    this.ports = ports;
    this.#all = all;
  }

  /**
   * Opens all ports, or none.
   *
   * @throws {NetError} `port-in-use` if all ports of a listener are in use by other programs,
   *   `listen-failed`
   */
  static async open(list: readonly NamedListener[]): Promise<Listeners> {
    const ports: Record<string, number> = {};
    const all: PortListener[] = [];
    try {
      for (const { name, ports: wanted, listener } of list) {
        all.push(listener);
        ports[name] = await openFirstFree(listener, wanted);
      }
    } catch (error) {
      await Promise.all(all.map((listener) => listener.close('the broker cannot listen', 0)));
      throw error;
    }
    return new Listeners(ports, all);
  }

  /** Unauthenticated connections on all ports. */
  get unauthenticatedCount(): number {
    return this.#all.reduce((sum, { admission }) => sum + admission.unauthenticatedCount, 0);
  }

  /** Completed TLS handshakes since the start, of each port. */
  get handshakes(): readonly HandshakeCount[] {
    return this.#all.flatMap(({ handshakes }) => handshakes.all);
  }

  /** Closed connections by reason. */
  get closed(): ClosedCounts {
    const sum = { crowded: 0, late: 0, unproxied: 0 };
    for (const { admission } of this.#all) {
      sum.crowded += admission.closed.crowded;
      sum.late += admission.closed.late;
      sum.unproxied += admission.closed.unproxied;
    }
    return sum;
  }

  /** The bytes that all connections have received and sent, including TLS. */
  get networkBytes(): { readonly received: number; readonly sent: number } {
    const sum = { received: 0, sent: 0 };
    for (const { networkBytes } of this.#all) {
      sum.received += networkBytes.received;
      sum.sent += networkBytes.sent;
    }
    return sum;
  }

  /** Changes the certificates for new connections. */
  showCertificates(certificates: readonly ServerCertificate[]): void {
    for (const listener of this.#all) listener.showCertificates(certificates);
  }

  /**
   * Closes all ports and connections. Clients receive the reason.
   *
   * @param timeoutMs maximum time for clients to answer
   */
  async close(reason: string, timeoutMs: number): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.close(reason, timeoutMs)));
  }
}

async function openFirstFree(listener: PortListener, ports: readonly number[]): Promise<number> {
  let refused: unknown = new Error('the listener has no ports to try');
  for (const port of ports) {
    try {
      return await listener.open(port);
    } catch (error) {
      if (!(error instanceof NetError) || error.code !== 'port-in-use') throw error;
      refused = error;
    }
  }
  throw refused;
}
