import type { TLSSocket } from 'node:tls';
import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import type { Connection, Transport } from '../protocols/protocol.ts';
import { BusyPoll } from './busy-poll.ts';
import type { Door } from './door.ts';
import type { Wire } from './wire.ts';

/** Bytes taken and not yet handed to the kernel, from which on the peer counts as behind. */
const waitingBytesMax = 1024 * 1024;

/** Milliseconds after which a connection that was closed here is cut, whether or not all has left. */
const lingerMs = 5000;

/** An answer that a peer may be waiting for before it goes on: a confirm or two, no messages. */
const smallBytesMax = 128;

/** One turn's flushes: every connection that has something to say is asked once, at its end. */
export class Flusher {
  readonly busyPoll = new BusyPoll(() => systemClock.monotonicMs());
  #due: WireTransport[] = [];
  readonly #run = (): void => this.#flush();

  add(transport: WireTransport): void {
    if (this.#due.push(transport) === 1) setImmediate(this.#run);
  }

  #flush(): void {
    const due = this.#due;
    this.#due = [];
    const [only] = due;
    let sizeBytes = 0;
    for (const transport of due) sizeBytes += transport.flush();
    if (due.length > 1 || only === undefined) return;
    if (sizeBytes > 0 && sizeBytes <= smallBytesMax) this.busyPoll.wrote(only);
  }
}

/** Bytes on their way to the wire. */
interface Write {
  readonly bytes: Buffer;
  readonly released: (() => void) | undefined;
}

/** A connection's stream of bytes as a protocol sees it. */
export class WireTransport implements Transport {
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly tlsVersion: string;
  readonly #wire: Wire;
  readonly #socket: TLSSocket;
  readonly #flusher: Flusher;
  readonly #door: Pick<Door, 'checks' | 'admits'> | undefined;
  #connection: Connection | undefined = undefined;
  /** Bytes that the wire is not given before it is done with those it has. */
  #queue: Write[] = [];
  #isWriting = false;
  /** Bytes taken and not yet handed to the kernel. */
  #waitingBytes = 0;
  /** Bytes taken so far. */
  #takenBytes = 0;
  #isFlushDue = false;
  #isBehind = false;
  /** When it was closed from this side; -1 before. */
  #closedAtMs = -1;
  #isClosed = false;

  /** @param socket what the wire runs on: it knows the peer */
  constructor(
    wire: Wire,
    socket: TLSSocket,
    flusher: Flusher,
    door?: Pick<Door, 'checks' | 'admits'>,
  ) {
    this.#wire = wire;
    this.#socket = socket;
    this.#flusher = flusher;
    this.#door = door;
    this.peerAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
    this.tlsVersion = socket.getProtocol() ?? '';
  }

  /** Joins the two ends; `ended` is called once, whatever ends the wire. */
  attach(connection: Connection, ended: () => void): void {
    this.#connection = connection;
    this.#wire.onClose(() => {
      connection.ended();
      ended();
    });
    this.#wire.read((bytes) => this.received(bytes));
  }

  /** Hands bytes of the peer on. */
  received(bytes: Buffer): void {
    this.#flusher.busyPoll.received(this, bytes.length);
    this.connection.receive(bytes);
  }

  get connection(): Connection {
    assert(this.#connection !== undefined, 'a transport has no connection yet');
    return this.#connection;
  }

  write(bytes: Buffer, released?: () => void): boolean {
    if (this.#wire.isGone || this.#isClosed) return true;
    this.#waitingBytes += bytes.length;
    this.#takenBytes += bytes.length;
    const write = { bytes, released };
    if (this.#isWriting) this.#queue.push(write);
    else this.#begin(write);
    // Once behind, it stays so until that is taken back by `writable`, however little is added.
    if (this.#waitingBytes > waitingBytesMax) this.#isBehind = true;
    return !this.#isBehind;
  }

  /** One at a time: several that wait in a TLS socket are first copied into one. */
  #begin(write: Write): void {
    this.#isWriting = true;
    this.#wire.write(write.bytes, () => this.#written(write));
  }

  #written({ bytes, released }: Write): void {
    this.#waitingBytes -= bytes.length;
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

  /** Has the connection write what has gathered, and returns how many bytes that was. */
  flush(): number {
    this.#isFlushDue = false;
    const before = this.#takenBytes;
    this.connection.flush();
    return this.#takenBytes - before;
  }

  checksLogin(): void {
    this.#door?.checks(this.#socket);
  }

  admit(): void {
    this.#door?.admits(this.#socket);
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
    // Read on, or the peer's end would never be seen.
    this.#wire.resume();
  }

  /** Twice a second. */
  tick(nowMs: number): void {
    this.connection.tick(nowMs);
    if (!this.#isClosed) return;
    if (this.#closedAtMs < 0) this.#closedAtMs = nowMs;
    else if (nowMs - this.#closedAtMs >= lingerMs) this.cut();
  }

  /** Ends the wire at once. */
  cut(): void {
    this.#wire.destroy();
  }
}
