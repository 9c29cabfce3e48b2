// Finds out the address of the client of a new connection before it is admitted.

import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { type ClientAddress, type RemoteEnd, stateClient } from '../client-address.ts';
import type { AdmissionLimits } from '../limits.ts';
import { readProxyHeader } from './header.ts';
import { TrustedProxies } from './trusted-proxies.ts';

/** How connections reach a listener. */
export interface Reach {
  /**
   * Addresses and networks of proxies. Their connections must begin with a header of the PROXY
   * protocol.
   */
  readonly trustedProxies: readonly string[];
  /**
   * The secret of the service's own router, 32 bytes in hexadecimal digits. It connects from the
   * same address as local clients, which send no header, so connections from there may omit it.
   */
  readonly routerSecret?: string | undefined;
}

/** A connection whose header has not been received. */
interface Waiting {
  readonly socket: Socket;
  readonly sinceMs: number;
}

/**
 * Connections that were closed before their log-in. `crowded`: because of the limits, `late`: because
 * of a timeout, `unproxied`: from a trusted proxy, or like the router's, without a valid header.
 */
export interface ClosedCounts {
  crowded: number;
  late: number;
  unproxied: number;
}

/** The first byte of a header of version 2. */
const binaryByte = 0x0d;

/**
 * Reads the headers of the PROXY protocol at the beginning of connections of trusted proxies. Others
 * are passed on untouched: to them, a header is an error like any other bytes that are not TLS.
 */
export class AddressGate {
  readonly #limits: Pick<AdmissionLimits, 'unauthenticatedCountMax' | 'firstByteTimeoutMs'>;
  readonly #clock: Clock;
  readonly #trusted: TrustedProxies | undefined;
  readonly #secret: Buffer | undefined;
  readonly #waiting = new Set<Waiting>(); // in the order of arrival
  /** What was stated for the connections that are open, by {@link connectionKey}. */
  readonly #stated = new Map<string, ClientAddress>();
  readonly #closed: ClosedCounts;

  constructor(
    { trustedProxies, routerSecret }: Reach,
    limits: Pick<AdmissionLimits, 'unauthenticatedCountMax' | 'firstByteTimeoutMs'>,
    clock: Clock,
    closed: ClosedCounts,
  ) {
    this.#closed = closed;
    this.#trusted = trustedProxies.length > 0 ? new TrustedProxies(trustedProxies) : undefined;
    this.#secret = routerSecret === undefined ? undefined : Buffer.from(routerSecret, 'hex');
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Takes a new connection.
   *
   * @param passed called once its client is known, possibly at once, with all bytes after the header
   *   still in the socket
   */
  accept(socket: Socket, passed: () => void): void {
    const { remoteAddress = '', localAddress = '' } = socket;
    const isTrusted = this.#trusted?.has(remoteAddress) ?? false;
    const isLocal = this.#secret !== undefined && remoteAddress === localAddress;
    if (!isTrusted && !isLocal) {
      passed();
      return;
    }
    this.#makeRoom();
    const waiting = { socket, sinceMs: this.#clock.monotonicMs() };
    this.#waiting.add(waiting);
    let received: Buffer = Buffer.alloc(0);
    const destroy = () => socket.destroy();
    const gone = () => this.#waiting.delete(waiting);
    const done = () => {
      gone();
      socket.off('data', read);
      socket.off('error', destroy);
      socket.off('close', gone);
    };
    const read = (bytes: Buffer) => {
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
      const rest = this.#read(socket, received, isTrusted);
      if (rest === 'incomplete') return;
      done();
      socket.pause();
      if (rest === 'refused') {
        this.#closed.unproxied++;
        socket.destroy();
        return;
      }
      if (rest.length > 0) socket.unshift(rest);
      passed();
      socket.resume();
    };
    socket.on('data', read);
    socket.on('error', destroy);
    socket.on('close', gone);
  }

  /** Returns the bytes after the header. */
  #read(socket: Socket, received: Buffer, isTrusted: boolean): Buffer | 'incomplete' | 'refused' {
    // A client on this machine, which speaks for itself.
    if (!isTrusted && received[0] !== binaryByte) return received;
    const header = readProxyHeader(received);
    if (header === 'incomplete') return header;
    if ('wrong' in header || !(isTrusted || this.#isRouter(header.secret))) return 'refused';
    if (header.client !== undefined) this.#state(socket, header.client);
    return received.subarray(header.sizeBytes);
  }

  #isRouter(secret: Buffer | undefined): boolean {
    const known = this.#secret;
    if (secret === undefined || known === undefined || secret.length !== known.length) return false;
    return timingSafeEqual(secret, known);
  }

  #state(socket: Socket, client: ClientAddress): void {
    const key = connectionKey(socket);
    this.#stated.set(key, client);
    socket.once('close', () => {
      // The proxy may have used the port again before this connection was seen to close.
      if (this.#stated.get(key) === client) this.#stated.delete(key);
    });
    stateClient(socket, client);
  }

  /** States the client of a TLS socket: that of the connection below it. */
  carryOver(socket: RemoteEnd): void {
    if (this.#stated.size === 0) return;
    const client = this.#stated.get(connectionKey(socket));
    if (client !== undefined) stateClient(socket, client);
  }

  /** The connection that waits for longest makes room for a new one. */
  #makeRoom(): void {
    if (this.#waiting.size < this.#limits.unauthenticatedCountMax) return;
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    this.#closed.crowded++;
    this.#waiting.delete(oldest);
    oldest.socket.destroy();
  }

  /** Closes connections whose header did not come in time. Call it about once a second. */
  tick(): void {
    const sinceMs = this.#clock.monotonicMs() - this.#limits.firstByteTimeoutMs;
    for (const waiting of this.#waiting) {
      if (waiting.sinceMs > sinceMs) return;
      this.#closed.late++;
      this.#waiting.delete(waiting);
      waiting.socket.destroy();
    }
  }
}

/**
 * Identifies a connection of a listener. A TLS socket has the same values as its TCP socket. A peer can
 * have connections from one of its ports to several addresses of this machine.
 */
export function connectionKey({ localAddress, remoteAddress, remotePort }: RemoteEnd): string {
  return `${localAddress ?? ''} ${remoteAddress ?? ''} ${remotePort ?? ''}`;
}
