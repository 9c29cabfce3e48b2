import type { Socket } from 'node:net';
import { sourceOf } from '../base/address.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { tellByFirstByte } from './first-byte.ts';
import type { DoorLimits } from './limits.ts';

/** Milliseconds after which waiting handshakes are looked at again where none could begin. */
const retryMs = 100;

/** What tells connections of one listener apart; a TLS socket has those of the socket below it. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** What happens with a connection once its first bytes are there. */
export interface Entrances {
  /** Begins the TLS handshake; the bytes are in the socket again, which is paused. */
  readonly tls: () => void;
  /** Answers a peer that speaks no TLS, and ends the connection. */
  readonly plain: (bytes: Buffer) => void;
}

/**
 * How far a stranger has come. `silent`: no byte yet. `waiting`: for its turn to begin TLS.
 * `handshake`: in TLS. `open`: TLS is done, the log-in is not. `checked`: the log-in is being checked.
 */
type Stage = 'silent' | 'waiting' | 'handshake' | 'open' | 'checked';

/** A connection whose peer has not logged in. */
interface Stranger {
  readonly socket: Socket;
  readonly key: string;
  readonly source: Source;
  readonly begin: () => void;
  stage: Stage;
  /** When this stage began. */
  sinceMs: number;
}

/** All strangers from one source. */
interface Source {
  readonly name: string;
  readonly strangers: Set<Stranger>;
  readonly waiting: Set<Stranger>;
  /** Those that have begun TLS. */
  handshakeCount: number;
}

/**
 * Admits connections to a port. Strangers share a bounded number of places: a source that has many
 * loses one of its own for each new one, so that other sources always find a place; the one that
 * goes is the one that has made no progress for longest. Handshakes begin a few a turn of the event
 * loop, and sources take turns.
 */
export class Door {
  readonly #limits: DoorLimits;
  readonly #clock: Clock;
  readonly #sources = new Map<string, Source>();
  readonly #byPeer = new Map<string, Stranger>();
  /** Sources some of whose strangers wait for TLS, in the order of their turns. */
  readonly #turns = new Set<Source>();
  #connectionCount = 0;
  #strangerCount = 0;
  #handshakeCount = 0;
  #begunThisTurn = 0;
  #isTurnDue = false;
  #retry: Timer | undefined = undefined;
  /** Connections that were closed because strangers had taken all places, and because they were late. */
  readonly closed = { crowded: 0, late: 0 };

  constructor(limits: DoorLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Connections that have not logged in. */
  get strangerCount(): number {
    return this.#strangerCount;
  }

  /** Of these, those that have begun TLS. */
  get handshakeCount(): number {
    return this.#handshakeCount;
  }

  /** Takes a new connection in, or closes it. */
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
    // A peer that lost its power says nothing more, and its protocol may have no heartbeats.
    socket.setKeepAlive(true, this.#limits.keepAliveMs);
    this.#connectionCount++;
    this.#strangerCount++;
    this.#byPeer.set(key, stranger);
    source.strangers.add(stranger);
    this.#sources.set(source.name, source); // its last one may just have made place for this one
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

  /** The TLS handshake of a connection is done. */
  opened(peer: Peer): void {
    this.#enter(peer, 'open');
  }

  /** The peer has asked for something: whether it may is being found out, which is no delay of its own. */
  checks(peer: Peer): void {
    this.#enter(peer, 'checked');
  }

  /** The peer has logged in: it is no stranger any more. */
  admits(peer: Peer): void {
    const stranger = this.#byPeer.get(keyOf(peer));
    if (stranger !== undefined) this.#leave(stranger);
  }

  /** Closes connections of strangers that took too long; to be called about once a second. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const stranger of this.#byPeer.values()) {
      if (nowMs - stranger.sinceMs <= this.#timeoutMs(stranger.stage)) continue;
      this.closed.late++;
      this.#leave(stranger);
      stranger.socket.destroy();
    }
  }

  /** Begins no more handshakes. */
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

  /** Whether there is a place for one more stranger, or one could be made. */
  #hasPlace(source: Source): boolean {
    const { strangerCountMax, strangersPerSourceMax } = this.#limits;
    if (source.strangers.size >= strangersPerSourceMax) return this.#makePlace(source);
    if (this.#strangerCount < strangerCountMax) return true;
    return this.#makePlace(this.#crowdedSource(source, (each) => each.strangers.size));
  }

  /** The source with the most of what is counted; the given one where none has more. */
  #crowdedSource(source: Source, countOf: (source: Source) => number): Source {
    let most = source;
    for (const each of this.#sources.values()) if (countOf(each) > countOf(most)) most = each;
    return most;
  }

  /** Closes the stranger of a source that has said nothing for longest, or the one that is slowest in TLS. */
  #makePlace({ strangers }: Source): boolean {
    let silent: Stranger | undefined;
    // In the order in which they came.
    for (const each of strangers) {
      if (each.stage !== 'silent') continue;
      silent = each;
      break;
    }
    return this.#evict(silent ?? this.#slowest(strangers));
  }

  /** Who has begun TLS and has made no progress for longest, where that is long enough. */
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

  /** Begins handshakes, one a source and round, until the turn's are begun. */
  #beginSome(): void {
    // Sources in a row for which there is no room.
    let blockedCount = 0;
    while (this.#turns.size > blockedCount) {
      if (this.#begunThisTurn >= this.#limits.handshakesPerTurnMax) {
        this.#nextTurn();
        return;
      }
      const [source] = this.#turns;
      const [stranger] = source?.waiting ?? [];
      if (source === undefined || stranger === undefined) return;
      // It goes to the end: others have their turn first.
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

  /** Whether one more of a source may begin TLS, or a place could be made. */
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

  /** Forgets a stranger: it is gone, or none any more. */
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
