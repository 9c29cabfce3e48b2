// The byte stream of a connection, with back-pressure.

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import type { Connection, Transport } from '../protocols/protocol.ts';
import { BusyPoll } from './busy-poll.ts';
import { clientOf } from './client-address.ts';
import type { ConnectionAdmission } from './connection-admission.ts';
import type { Wire } from './wire.ts';

/** Bytes waiting for the kernel from which the peer counts as slow. */
const waitingBytesMax = 1024 * 1024;

/** Milliseconds after which a closed connection is cut, even if data is still waiting. */
const lingerMs = 5000;

/**
 * Milliseconds after which the remaining connections are flushed in the next turn, and the number
 * of connections between checks: each costs some system calls and one encryption.
 */
const flushMsMax = 4;
const flushesPerCheck = 16;

/** Maximum size of an answer that a peer may be waiting for: one or two confirms, no messages. */
const smallBytesMax = 128;

/**
 * Flushes all connections that have data to send at the end of a turn of the event loop. With
 * thousands of connections, for example if all publishers are blocked, this takes several turns.
 */
export class Flusher {
  readonly busyPoll = new BusyPoll(() => systemClock.monotonicMs());
  readonly #monotonicMs: () => number;
  #due: Flushable[] = [];
  readonly #run = (): void => this.#flush();

  /** @param monotonicMs the clock that limits a turn, milliseconds */
  constructor(monotonicMs: () => number = () => systemClock.monotonicMs()) {
    this.#monotonicMs = monotonicMs;
  }

  add(transport: Flushable): void {
    if (this.#due.push(transport) === 1) setImmediate(this.#run);
  }

  #flush(): void {
    const due = this.#due;
    this.#due = [];
    const [only] = due;
    if (due.length > 1 || only === undefined) {
      this.busyPoll.wroteMore();
      this.#flushMany(due);
      return;
    }
    const sizeBytes = only.flush();
    if (sizeBytes > smallBytesMax) this.busyPoll.wroteMore(only);
    else if (sizeBytes > 0) this.busyPoll.wrote(only);
  }

  #flushMany(due: readonly Flushable[]): void {
    const beganMs = this.#monotonicMs();
    let at = 0;
    while (at < due.length) {
      due[at++]?.flush();
      if (at % flushesPerCheck === 0 && this.#monotonicMs() - beganMs > flushMsMax) break;
    }
    if (at === due.length) return;
    // A flush may have added connections, which then wait for the ones before them.
    if (this.#due.length === 0) setImmediate(this.#run);
    this.#due = [...due.slice(at), ...this.#due];
  }
}

/** A connection with data to send. */
export interface Flushable {
  /** Passes the data on; returns its size, bytes. */
  flush(): number;
}

/** Receives the stages of a connection that has not logged in. */
export type LoginStages = Pick<
  ConnectionAdmission,
  'authenticating' | 'authenticated' | 'handshakeDone'
>;

/** A write to the wire. */
interface Write {
  readonly sizeBytes: number;
  /** The bytes, or what makes them. */
  readonly bytes: Buffer | (() => Buffer);
  readonly released: (() => void) | undefined;
}

/** The byte stream of a connection, on a wire. */
export class WireTransport implements Transport {
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly tlsVersion: string;
  readonly #wire: Wire;
  readonly #socket: TLSSocket;
  readonly #flusher: Flusher;
  readonly #admission: LoginStages | undefined;
  #connection: Connection | undefined = undefined;
  /** Writes that wait until the wire has completed the current one. */
  #queue: Write[] = [];
  #isWriting = false;
  /** Bytes accepted and not yet passed to the kernel. */
  #waitingBytes = 0;
  /** Bytes accepted so far. */
  #takenBytes = 0;
  #isFlushDue = false;
  #isBehind = false;
  /** The time when this side closed the connection; -1 if it has not. */
  #closedAtMs = -1;
  #isClosed = false;
  /** The client has logged in. */
  #isAdmitted = false;

  /** @param socket the socket below the wire, which identifies the peer */
  constructor(wire: Wire, socket: TLSSocket, flusher: Flusher, admission?: LoginStages) {
    this.#wire = wire;
    this.#socket = socket;
    this.#flusher = flusher;
    this.#admission = admission;
    const { address, port } = clientOf(socket);
    this.peerAddress = `${address}:${port}`;
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
    this.tlsVersion = socket.getProtocol() ?? '';
  }

  get peerCertificate(): X509Certificate | undefined {
    return this.#socket.authorized ? this.#socket.getPeerX509Certificate() : undefined;
  }

  /** Connects both ends. `ended` is called once when the wire ends for any reason. */
  attach(connection: Connection, ended: () => void): void {
    this.#connection = connection;
    this.#wire.onClose(() => {
      connection.ended();
      ended();
    });
    this.#wire.read((bytes) => this.received(bytes));
  }

  /** Passes bytes from the peer to the connection. */
  received(bytes: Buffer): void {
    this.#flusher.busyPoll.received(this, bytes.length);
    this.connection.receive(bytes);
  }

  get connection(): Connection {
    assert(this.#connection !== undefined, 'the transport is not attached to a connection');
    return this.#connection;
  }

  write(bytes: Buffer, released?: () => void): boolean {
    return this.#write({ sizeBytes: bytes.length, bytes, released });
  }

  writeLater(sizeBytes: number, make: () => Buffer, released: () => void): boolean {
    return this.#write({ sizeBytes, bytes: make, released });
  }

  #write(write: Write): boolean {
    if (this.#wire.isGone || this.#isClosed) return true;
    this.#waitingBytes += write.sizeBytes;
    this.#takenBytes += write.sizeBytes;
    if (this.#isWriting) this.#queue.push(write);
    else this.#begin(write);
    // Once the peer counts as slow, only `writable` changes that.
    if (this.#waitingBytes > waitingBytesMax) this.#isBehind = true;
    return !this.#isBehind;
  }

  /**
   * Writes are passed one at a time, because a TLS socket copies several waiting ones into one
   * buffer.
   */
  #begin(write: Write): void {
    this.#isWriting = true;
    const { bytes } = write;
    const made = typeof bytes === 'function' ? bytes() : bytes;
    this.#wire.write(made, () => this.#written(write));
  }

  #written({ sizeBytes, released }: Write): void {
    this.#waitingBytes -= sizeBytes;
    released?.();
    const next = this.#queue.shift();
    if (next !== undefined && !this.#wire.isGone) this.#begin(next);
    else this.#isWriting = false;
    if (this.#isClosed && !this.#isWriting) this.#wire.end();
    if (!this.#isBehind || this.#waitingBytes * 2 > waitingBytesMax) return;
    this.#isBehind = false;
    this.connection.writable();
  }

  requestFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#flusher.add(this);
  }

  /** Makes the connection write its gathered output, and returns the number of bytes. */
  flush(): number {
    this.#isFlushDue = false;
    const before = this.#takenBytes;
    this.connection.flush();
    return this.#takenBytes - before;
  }

  checksLogin(): void {
    this.#admission?.authenticating(this.#socket);
  }

  admit(): void {
    this.#isAdmitted = true;
    this.#admission?.authenticated(this.#socket);
    this.#wire.admit();
  }

  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isWriting) this.#wire.end();
    // A peer that was refused and does not go is closed as soon as others need its place.
    if (!this.#isAdmitted) this.#admission?.handshakeDone(this.#socket);
    // Reading continues, or the end of the peer would not be noticed.
    this.#wire.resume();
  }

  /** Called twice a second. */
  tick(nowMs: number): void {
    this.connection.tick(nowMs);
    if (!this.#isClosed) return;
    if (this.#closedAtMs < 0) this.#closedAtMs = nowMs;
    else if (nowMs - this.#closedAtMs >= lingerMs) this.cut();
  }

  /** Ends the wire immediately. */
  cut(): void {
    this.#wire.destroy();
  }
}
