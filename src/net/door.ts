// Admission of connections to a port: limits for connections that have not logged in.

import type { Socket } from 'node:net';
import { sourceOf } from '../base/address.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { tellByFirstByte } from './first-byte.ts';
import type { DoorLimits } from './limits.ts';

/** Milliseconds until waiting handshakes are tried again if none could begin. */
const retryMs = 100;

/** Identifies a connection of a listener. A TLS socket has the same values as its TCP socket. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** The continuation of a connection, depending on its first bytes. */
export interface Entrances {
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
interface Stranger {
  readonly socket: Socket;
  readonly key: string;
  readonly source: Source;
  readonly begin: () => void;
  stage: Stage;
  /** The start of this stage, monotonic milliseconds. */
  sinceMs: number;
}

/** The unauthenticated connections of one source. */
interface Source {
  readonly name: string;
  readonly strangers: Set<Stranger>;
  readonly waiting: Set<Stranger>;
  /** The number of connections that have begun TLS. */
  handshakeCount: number;
}

/**
 * Admits connections to a port. The number of unauthenticated connections is limited. A source at
 * its limit loses one of its own connections for each new one, so that other sources always find
 * room. The connection without progress for the longest time is closed. A few handshakes begin in
 * each turn of the event loop, and sources take turns.
 */
export class Door {
  readonly #limits: DoorLimits;
  readonly #clock: Clock;
  readonly #sources = new Map<string, Source>();
  readonly #byPeer = new Map<string, Stranger>();
  /** Sources with connections that wait for TLS, in the order of their turns. */
  readonly #turns = new Set<Source>();
  #connectionCount = 0;
  #strangerCount = 0;
  #handshakeCount = 0;
  #begunThisTurn = 0;
  #isTurnDue = false;
  #retry: Timer | undefined = undefined;
  /** Closed connections: `crowded` because of the limits, `late` because of a timeout. */
  readonly closed = { crowded: 0, late: 0 };

  constructor(limits: DoorLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Connections that have not logged in. */
  get strangerCount(): number {
    return this.#strangerCount;
  }

  /** Unauthenticated connections that have begun TLS. */
  get handshakeCount(): number {
    return this.#handshakeCount;
  }

  /** Accepts a new connection, or closes it. */
  arrived(socket: Socket, { tls, plain }: Entrances): void {
    const { connectionCountMax } = this.#limits;
    const source = this.#sourceOf(socket);
    socket.on('error', () => socket.destroy());
    if (this.#connectionCount >= connectionCountMax || !this.#hasPlace(source)) {
      this.closed.crowded++;
      this.#forgetEmpty(source);
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    const stranger: Stranger = {
      socket,
      key,
      source,
      begin: tls,
      stage: 'silent',
      sinceMs: this.#clock.monotonicMs(),
    };
    // Detects peers that lost power. The protocol may have no heartbeats.
    socket.setKeepAlive(true, this.#limits.keepAliveMs);
    this.#connectionCount++;
    this.#strangerCount++;
    this.#byPeer.set(key, stranger);
    source.strangers.add(stranger);
    this.#sources.set(source.name, source); // its last connection may just have been closed to make room for this one
    socket.once('close', () => {
      this.#connectionCount--;
      this.#leave(stranger);
    });
    tellByFirstByte(
      socket,
      (sizeBytes) => {
        if (sizeBytes > this.#limits.helloBytesMax) socket.destroy();
        else this.#wait(stranger);
      },
      plain,
    );
  }

  /** The TLS handshake of a connection is complete. */
  opened(peer: Peer): void {
    this.#enter(peer, 'open');
  }

  /**
   * The peer's credentials are being checked. The time this takes does not count as the peer's
   * delay.
   */
  checks(peer: Peer): void {
    this.#enter(peer, 'checked');
  }

  /** The peer has logged in. The limits no longer apply to its connection. */
  admits(peer: Peer): void {
    const stranger = this.#byPeer.get(keyOf(peer));
    if (stranger !== undefined) this.#leave(stranger);
  }

  /** Closes unauthenticated connections that exceeded a timeout. Call it about once a second. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const stranger of this.#byPeer.values()) {
      if (nowMs - stranger.sinceMs <= this.#timeoutMs(stranger.stage)) continue;
      this.closed.late++;
      this.#leave(stranger);
      stranger.socket.destroy();
    }
  }

  /** Stops beginning handshakes. */
  close(): void {
    this.#retry?.clear();
    this.#turns.clear();
  }

  #timeoutMs(stage: Stage): number {
    const { silentMs, handshakeMs, strangerMs } = this.#limits;
    if (stage === 'silent' || stage === 'waiting') return silentMs;
    return stage === 'handshake' ? handshakeMs : strangerMs;
  }

  #sourceOf(socket: Socket): Source {
    const name = sourceOf(socket.remoteAddress ?? '');
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = { name, strangers: new Set(), waiting: new Set(), handshakeCount: 0 };
      this.#sources.set(name, source);
    }
    return source;
  }

  /** Whether there is room for another connection, possibly after closing one. */
  #hasPlace(source: Source): boolean {
    const { strangerCountMax, strangersPerSourceMax } = this.#limits;
    if (source.strangers.size >= strangersPerSourceMax) return this.#makePlace(source);
    if (this.#strangerCount < strangerCountMax) return true;
    return this.#makePlace(this.#crowdedSource(source, (each) => each.strangers.size));
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
  #makePlace({ strangers }: Source): boolean {
    let silent: Stranger | undefined;
    // In the order of arrival.
    for (const each of strangers) {
      if (each.stage !== 'silent') continue;
      silent = each;
      break;
    }
    return this.#evict(silent ?? this.#slowest(strangers));
  }

  /**
   * The connection that has made no progress since it began TLS for the longest time, if that
   * exceeds the grace period.
   */
  #slowest(strangers: Iterable<Stranger>): Stranger | undefined {
    const { graceMs } = this.#limits;
    let sinceMs = this.#clock.monotonicMs() - graceMs;
    let slowest: Stranger | undefined;
    for (const each of strangers) {
      const isItsTurn = each.stage === 'handshake' || each.stage === 'open';
      if (!isItsTurn || each.sinceMs > sinceMs) continue;
      sinceMs = each.sinceMs;
      slowest = each;
    }
    return slowest;
  }

  #evict(stranger: Stranger | undefined): boolean {
    if (stranger === undefined) return false;
    this.closed.crowded++;
    this.#leave(stranger);
    stranger.socket.destroy();
    return true;
  }

  #wait(stranger: Stranger): void {
    stranger.stage = 'waiting';
    stranger.sinceMs = this.#clock.monotonicMs();
    stranger.source.waiting.add(stranger);
    this.#turns.add(stranger.source);
    this.#nextTurn();
    if (this.#begunThisTurn < this.#limits.handshakesPerTurnMax) this.#beginSome();
  }

  #nextTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => {
      this.#isTurnDue = false;
      this.#begunThisTurn = 0;
      this.#beginSome();
    });
  }

  /** Begins handshakes, one per source and round, up to the limit of the turn. */
  #beginSome(): void {
    // Consecutive sources without room.
    let blockedCount = 0;
    while (this.#turns.size > blockedCount) {
      if (this.#begunThisTurn >= this.#limits.handshakesPerTurnMax) {
        this.#nextTurn();
        return;
      }
      const [source] = this.#turns;
      const [stranger] = source?.waiting ?? [];
      if (source === undefined || stranger === undefined) return;
      // The source moves to the end of the queue.
      this.#turns.delete(source);
      this.#turns.add(source);
      blockedCount = this.#hasRoom(source) ? 0 : blockedCount + 1;
      if (blockedCount === 0) this.#begin(stranger);
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
      return this.#evict(this.#slowest(source.strangers));
    }
    if (this.#handshakeCount < handshakeCountMax) return true;
    const crowded = this.#crowdedSource(source, (each) => each.handshakeCount);
    return this.#evict(this.#slowest(crowded.strangers));
  }

  #begin(stranger: Stranger): void {
    const { source } = stranger;
    this.#endWaiting(stranger);
    stranger.stage = 'handshake';
    stranger.sinceMs = this.#clock.monotonicMs();
    source.handshakeCount++;
    this.#handshakeCount++;
    this.#begunThisTurn++;
    stranger.begin();
  }

  #enter(peer: Peer, stage: Stage): void {
    const stranger = this.#byPeer.get(keyOf(peer));
    if (stranger === undefined) return;
    stranger.stage = stage;
    stranger.sinceMs = this.#clock.monotonicMs();
  }

  /** Removes a connection that was closed or has logged in. */
  #leave(stranger: Stranger): void {
    const { key, source, stage } = stranger;
    if (!source.strangers.delete(stranger)) return;
    this.#byPeer.delete(key);
    this.#endWaiting(stranger);
    this.#strangerCount--;
    if (stage !== 'silent' && stage !== 'waiting') {
      source.handshakeCount--;
      this.#handshakeCount--;
    }
    this.#forgetEmpty(source);
    if (this.#retry !== undefined) this.#nextTurn();
  }

  #endWaiting(stranger: Stranger): void {
    const { source } = stranger;
    source.waiting.delete(stranger);
    if (source.waiting.size === 0) this.#turns.delete(source);
  }

  #forgetEmpty(source: Source): void {
    if (source.strangers.size === 0) this.#sources.delete(source.name);
  }
}

function keyOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress ?? ''}:${remotePort ?? ''}`;
}
