// Admission of connections to a port: limits for connections that have not logged in.

import type { Socket } from 'node:net';
import { sourceOf } from '../base/address.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { clientOf, type RemoteEnd } from './client-address.ts';
import { detectTls } from './first-byte.ts';
import type { AdmissionLimits } from './limits.ts';
import { AddressGate, connectionKey, type Reach } from './proxy-protocol/address-gate.ts';

/** Milliseconds until waiting handshakes are tried again if none could begin. */
const retryMs = 100;

/** The peer of a listener that is reached directly. */
const direct: Reach = { trustedProxies: [] };

/** The continuation of a connection, depending on its first bytes. */
export interface AdmissionHandlers {
  /** Begins the TLS handshake. The socket is paused, and the bytes have been put back. */
  readonly tls: () => void;
  /** Answers a peer that does not use TLS, and closes the connection. */
  readonly plain: (bytes: Buffer) => void;
}

/**
 * The stages of an unauthenticated connection. `silent`: no byte received. `waiting`: waiting for
 * its turn to begin TLS. `handshake`: TLS handshake in progress. `open`: TLS established, not
 * logged in. `checked`: the log-in is being checked.
 */
type Stage = 'silent' | 'waiting' | 'handshake' | 'open' | 'checked';

/** A connection that has not logged in. */
interface PendingConnection {
  readonly socket: Socket;
  readonly key: string;
  readonly source: Source;
  readonly begin: () => void;
  /** Its TLS socket, from the end of the handshake on. */
  secured: RemoteEnd | undefined;
  stage: Stage;
  /** The start of this stage, monotonic milliseconds. */
  sinceMs: number;
}

/** The unauthenticated connections of one source. */
interface Source {
  readonly name: string;
  readonly connections: Set<PendingConnection>;
  readonly waiting: Set<PendingConnection>;
  /** The number of connections that have begun TLS. */
  handshakeCount: number;
}

/**
 * Admits connections to a port. The number of unauthenticated connections is limited. A source at
 * its limit loses one of its own connections for each new one, so that other sources always find
 * room. The connection without progress for the longest time is closed. A few handshakes begin in
 * each turn of the event loop, and sources take turns.
 */
export class ConnectionAdmission {
  readonly #limits: AdmissionLimits;
  readonly #clock: Clock;
  readonly #sources = new Map<string, Source>();
  /** Connections before the end of their handshake, by {@link connectionKey}. */
  readonly #byPeer = new Map<string, PendingConnection>();
  /** The others, by their TLS socket. */
  readonly #bySocket = new Map<RemoteEnd, PendingConnection>();
  /** The last source that lost its last connection: a client may connect again and again. */
  #lastSource: Source | undefined = undefined;
  /** Sources with connections that wait for TLS, in the order of their turns. */
  readonly #turns = new Set<Source>();
  #connectionCount = 0;
  #unauthenticatedCount = 0;
  #handshakeCount = 0;
  #begunThisTurn = 0;
  #isTurnDue = false;
  /** Whether no handshake begins. */
  #isHeld = false;
  #retry: Timer | undefined = undefined;
  readonly #gate: AddressGate;
  /** Closed connections by reason. */
  readonly closed = { crowded: 0, late: 0, unproxied: 0 };

  constructor(limits: AdmissionLimits, clock: Clock, reach: Reach = direct) {
    this.#limits = limits;
    this.#clock = clock;
    this.#gate = new AddressGate(reach, limits, clock, this.closed);
  }

  /** Connections that have not logged in. */
  get unauthenticatedCount(): number {
    return this.#unauthenticatedCount;
  }

  /** Unauthenticated connections that have begun TLS. */
  get handshakeCount(): number {
    return this.#handshakeCount;
  }

  /** Accepts a new connection, or closes it. */
  accept(socket: Socket, handlers: AdmissionHandlers): void {
    this.#gate.accept(socket, () => this.#admit(socket, handlers));
  }

  #admit(socket: Socket, { tls, plain }: AdmissionHandlers): void {
    const { connectionCountMax } = this.#limits;
    const source = this.#sourceOf(socket);
    socket.on('error', destroyIt);
    if (this.#connectionCount >= connectionCountMax || !this.#hasPlace(source)) {
      this.closed.crowded++;
      this.#forgetEmpty(source);
      socket.destroy();
      return;
    }
    const key = connectionKey(socket);
    const connection: PendingConnection = {
      socket,
      key,
      source,
      begin: tls,
      secured: undefined,
      stage: 'silent',
      sinceMs: this.#clock.monotonicMs(),
    };
    // Detects peers that lost power. The protocol may have no heartbeats.
    socket.setKeepAlive(true, this.#limits.keepAliveMs);
    this.#connectionCount++;
    this.#unauthenticatedCount++;
    this.#byPeer.set(key, connection);
    source.connections.add(connection);
    this.#sources.set(source.name, source); // its last connection may just have been closed to make room for this one
    socket.once('close', () => {
      this.#connectionCount--;
      this.#remove(connection);
    });
    detectTls(
      socket,
      (sizeBytes) => {
        if (sizeBytes > this.#limits.helloBytesMax) socket.destroy();
        else this.#wait(connection);
      },
      plain,
    );
  }

  /** The TLS handshake of a connection is complete. */
  handshakeDone(peer: RemoteEnd): void {
    this.#gate.carryOver(peer);
    const connection = this.#find(peer);
    if (connection === undefined) return;
    this.#setStage(connection, 'open');
    if (connection.secured !== undefined) return;
    connection.secured = peer;
    this.#forgetKey(connection);
    this.#bySocket.set(peer, connection);
  }

  /**
   * The peer's credentials are being checked. The time this takes does not count as the peer's
   * delay.
   */
  authenticating(peer: RemoteEnd): void {
    const connection = this.#find(peer);
    if (connection !== undefined) this.#setStage(connection, 'checked');
  }

  /** The peer has logged in. The limits no longer apply to its connection. */
  authenticated(peer: RemoteEnd): void {
    const connection = this.#find(peer);
    if (connection !== undefined) this.#remove(connection);
  }

  #find(peer: RemoteEnd): PendingConnection | undefined {
    return this.#bySocket.get(peer) ?? this.#byPeer.get(connectionKey(peer));
  }

  /** Closes unauthenticated connections that exceeded a timeout. Call it about once a second. */
  tick(): void {
    this.#gate.tick();
    const nowMs = this.#clock.monotonicMs();
    for (const connection of this.#byPeer.values()) this.#endIfLate(connection, nowMs);
    for (const connection of this.#bySocket.values()) this.#endIfLate(connection, nowMs);
  }

  #endIfLate(connection: PendingConnection, nowMs: number): void {
    if (nowMs - connection.sinceMs <= this.#timeoutMs(connection.stage)) return;
    this.closed.late++;
    this.#remove(connection);
    connection.socket.destroy();
  }

  /**
   * Delays handshakes until {@link release}. The connections wait as they do for their turn, so that a
   * source has no less room, and loses none of them to others, because of this delay.
   */
  hold(): void {
    this.#isHeld = true;
  }

  /** Begins the delayed handshakes, a few in each turn of the event loop. */
  release(): void {
    this.#isHeld = false;
    this.#nextTurn();
  }

  /** Stops beginning handshakes. Connections that wait for theirs are closed. */
  close(): void {
    this.#retry?.clear();
    for (const { waiting } of this.#turns) for (const { socket } of waiting) socket.destroy();
    this.#turns.clear();
  }

  #timeoutMs(stage: Stage): number {
    const { firstByteTimeoutMs, handshakeTimeoutMs, loginTimeoutMs } = this.#limits;
    if (stage === 'silent' || stage === 'waiting') return firstByteTimeoutMs;
    return stage === 'handshake' ? handshakeTimeoutMs : loginTimeoutMs;
  }

  #sourceOf(socket: Socket): Source {
    const name = sourceOf(clientOf(socket).address);
    let source = this.#sources.get(name);
    if (source === undefined && this.#lastSource?.name === name) source = this.#lastSource;
    if (source === undefined) {
      source = { name, connections: new Set(), waiting: new Set(), handshakeCount: 0 };
    }
    this.#sources.set(name, source);
    return source;
  }

  /** Whether there is room for another connection, possibly after closing one. */
  #hasPlace(source: Source): boolean {
    const { unauthenticatedCountMax, unauthenticatedPerSourceMax } = this.#limits;
    if (source.connections.size >= unauthenticatedPerSourceMax) return this.#makeRoom(source);
    if (this.#unauthenticatedCount < unauthenticatedCountMax) return true;
    const crowded = this.#crowdedSource(source, (each) => each.connections.size);
    if (this.#makeRoom(crowded)) return true;
    // All of them wait for their turn, which takes long while handshakes are held.
    const [oldest] = crowded.waiting;
    return crowded !== source && this.#evict(oldest);
  }

  /** The source with the highest count; the given source if none has a higher one. */
  #crowdedSource(source: Source, countOf: (source: Source) => number): Source {
    let most = source;
    for (const each of this.#sources.values()) if (countOf(each) > countOf(most)) most = each;
    return most;
  }

  /**
   * Closes the connection of a source that has been silent for longest, or else the slowest one in
   * TLS.
   */
  #makeRoom({ connections }: Source): boolean {
    let silent: PendingConnection | undefined;
    // In the order of arrival.
    for (const each of connections) {
      if (each.stage !== 'silent') continue;
      silent = each;
      break;
    }
    return this.#evict(silent ?? this.#slowest(connections));
  }

  /**
   * The connection that has made no progress since it began TLS for the longest time, if that
   * exceeds the grace period.
   */
  #slowest(connections: Iterable<PendingConnection>): PendingConnection | undefined {
    const { graceMs } = this.#limits;
    let sinceMs = this.#clock.monotonicMs() - graceMs;
    let slowest: PendingConnection | undefined;
    for (const each of connections) {
      const isItsTurn = each.stage === 'handshake' || each.stage === 'open';
      if (!isItsTurn || each.sinceMs > sinceMs) continue;
      sinceMs = each.sinceMs;
      slowest = each;
    }
    return slowest;
  }

  #evict(connection: PendingConnection | undefined): boolean {
    if (connection === undefined) return false;
    this.closed.crowded++;
    this.#remove(connection);
    connection.socket.destroy();
    return true;
  }

  #wait(connection: PendingConnection): void {
    connection.stage = 'waiting';
    connection.sinceMs = this.#clock.monotonicMs();
    this.#nextTurn();
    const mayBegin = !this.#isHeld && this.#begunThisTurn < this.#limits.handshakesPerTurnMax;
    if (mayBegin && this.#turns.size === 0 && this.#hasRoom(connection.source)) {
      this.#begin(connection);
      return;
    }
    connection.source.waiting.add(connection);
    this.#turns.add(connection.source);
    if (mayBegin) this.#beginSome();
  }

  #nextTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(this.#turnBegan);
  }

  readonly #turnBegan = (): void => {
    this.#isTurnDue = false;
    this.#begunThisTurn = 0;
    this.#beginSome();
  };

  /** Begins handshakes, one per source and round, up to the limit of the turn. */
  #beginSome(): void {
    if (this.#isHeld) return;
    // Consecutive sources without room.
    let blockedCount = 0;
    while (this.#turns.size > blockedCount) {
      if (this.#begunThisTurn >= this.#limits.handshakesPerTurnMax) {
        this.#nextTurn();
        return;
      }
      const [source] = this.#turns;
      const [connection] = source?.waiting ?? [];
      if (source === undefined || connection === undefined) return;
      // The source moves to the end of the queue.
      this.#turns.delete(source);
      this.#turns.add(source);
      blockedCount = this.#hasRoom(source) ? 0 : blockedCount + 1;
      if (blockedCount > 0) continue;
      this.#endWaiting(connection);
      this.#begin(connection);
    }
    if (blockedCount > 0) this.#retryLater();
  }

  #retryLater(): void {
    this.#retry ??= this.#clock.setTimeout(() => {
      this.#retry = undefined;
      this.#nextTurn();
    }, retryMs);
  }

  /** Whether a source may begin another handshake, possibly after closing a connection. */
  #hasRoom(source: Source): boolean {
    const { handshakeCountMax, handshakesPerSourceMax } = this.#limits;
    if (source.handshakeCount >= handshakesPerSourceMax) {
      return this.#evict(this.#slowest(source.connections));
    }
    if (this.#handshakeCount < handshakeCountMax) return true;
    const crowded = this.#crowdedSource(source, (each) => each.handshakeCount);
    return this.#evict(this.#slowest(crowded.connections));
  }

  #begin(connection: PendingConnection): void {
    const { source } = connection;
    connection.stage = 'handshake';
    connection.sinceMs = this.#clock.monotonicMs();
    source.handshakeCount++;
    this.#handshakeCount++;
    this.#begunThisTurn++;
    connection.begin();
  }

  #setStage(connection: PendingConnection, stage: Stage): void {
    connection.stage = stage;
    connection.sinceMs = this.#clock.monotonicMs();
  }

  /** Removes a connection that was closed or has logged in. */
  #remove(connection: PendingConnection): void {
    const { source, secured, stage } = connection;
    if (!source.connections.delete(connection)) return;
    if (secured === undefined) this.#forgetKey(connection);
    else this.#bySocket.delete(secured);
    if (stage === 'waiting') this.#endWaiting(connection);
    this.#unauthenticatedCount--;
    if (stage !== 'silent' && stage !== 'waiting') {
      source.handshakeCount--;
      this.#handshakeCount--;
    }
    this.#forgetEmpty(source);
    if (this.#retry !== undefined) this.#nextTurn();
  }

  #forgetKey(connection: PendingConnection): void {
    // A later connection may have the same key, if this one was not seen to close.
    if (this.#byPeer.get(connection.key) === connection) this.#byPeer.delete(connection.key);
  }

  #endWaiting(connection: PendingConnection): void {
    const { source } = connection;
    source.waiting.delete(connection);
    if (source.waiting.size === 0) this.#turns.delete(source);
  }

  #forgetEmpty(source: Source): void {
    if (source.connections.size > 0) return;
    this.#sources.delete(source.name);
    this.#lastSource = source;
  }
}

/** A reset is an ordinary end. One listener for all sockets, because Node keeps closed ones for long. */
function destroyIt(this: Socket): void {
  this.destroy();
}
