import { NetError } from './errors.ts';
import type { ServerCertificate, TlsListener } from './tls-listener.ts';

/** A listener of the list. */
export interface NamedListener {
  /** By which its port is known, as `amqps`. */
  readonly name: string;
  /** Ports to try, in this order; 0 for any free one. */
  readonly ports: readonly number[];
  readonly listener: TlsListener;
}

/** The listeners of a broker, opened and closed together. */
export class Listeners {
  /** The port of each listener, by its name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly #all: readonly TlsListener[];

  private constructor(ports: Readonly<Record<string, number>>, all: readonly TlsListener[]) {
    this.ports = ports;
    this.#all = all;
  }

  /**
   * Opens every port, or none.
   *
   * @throws {NetError} `port-in-use` where another program has each port that a listener may take,
   *   `listen-failed`
   */
  static async open(list: readonly NamedListener[]): Promise<Listeners> {
    const ports: Record<string, number> = {};
    const all: TlsListener[] = [];
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

  /** Connections that have not logged in, on all ports. */
  get strangerCount(): number {
    return this.#all.reduce((sum, { door }) => sum + door.strangerCount, 0);
  }

  /** Connections that were closed because strangers had taken all places, and because they were late. */
  get closed(): { readonly crowded: number; readonly late: number } {
    const sum = { crowded: 0, late: 0 };
    for (const { door } of this.#all) {
      sum.crowded += door.closed.crowded;
      sum.late += door.closed.late;
    }
    return sum;
  }

  /** Shows other certificates to clients that connect from now on. */
  showCertificates(certificates: readonly ServerCertificate[]): void {
    for (const listener of this.#all) listener.showCertificates(certificates);
  }

  /**
   * Closes every port and every connection; clients are told the reason.
   *
   * @param timeoutMs how long they have to answer
   */
  async close(reason: string, timeoutMs: number): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.close(reason, timeoutMs)));
  }
}

async function openFirstFree(listener: TlsListener, ports: readonly number[]): Promise<number> {
  let refused: unknown = new Error('a listener was given no port to try');
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
