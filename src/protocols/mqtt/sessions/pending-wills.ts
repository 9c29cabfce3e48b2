// The wills of the clients of a virtual host, from CONNECT until they are published or discarded.

import type { Broker } from '../../../broker/broker.ts';
import type { StoredWill } from '../../../broker/sessions/stored-wills.ts';
import { Access } from '../../../broker/users.ts';
import type { Version } from '../codec/packets.ts';
import type { VhostDialect } from '../dialect.ts';
import { MqttError } from '../errors.ts';
import { storedWillBytes, willPauseMs } from '../limits.ts';
import { willOf } from '../packets/connect.ts';
import { type OwnedWill, publishWill, SessionTimer } from './wills.ts';

/** A will that is kept. */
interface Kept {
  readonly will: StoredWill;
  /** Undefined for a will of an earlier start, which is read when it is published. */
  readonly owned: OwnedWill | undefined;
  readonly isInLog: boolean;
  readonly timer: SessionTimer;
}

/**
 * Keeps the wills of connected clients, and those that wait for the end of their delay. They are in the
 * log, so that they are published after a stop or a crash, too. The following wills are not in it, and end
 * with the process: those of users about whose rights another service decides, because these are only known
 * to the connection; and those for which there is no room.
 */
export class PendingWills {
  readonly #dialect: VhostDialect;
  readonly #byClient = new Map<string, Kept>();
  #sizeBytes = 0;
  readonly #sizeBytesByUser = new Map<string, number>();
  /** No will is published by a timer before this time, milliseconds since 1970. */
  #fromMs = Infinity;

  /** Takes over the wills in the log. The sessions must have been recovered. */
  constructor(dialect: VhostDialect) {
    this.#dialect = dialect;
    const { broker, vhost } = dialect;
    for (const will of broker.sessions.wills.all(vhost.name)) {
      const kept = this.#keep(will, undefined, true);
      // A crash has ended the connection. And a clock that was set back makes no delay longer.
      const latestMs = broker.nowMs() + will.delaySeconds * 1000;
      const isKnown = will.dueMs !== null && will.dueMs <= latestMs;
      if (!isKnown) this.#setDue(kept, this.#secondsFromNow(will));
    }
  }

  get #broker(): Broker {
    return this.#dialect.broker;
  }

  get #vhostName(): string {
    return this.#dialect.vhost.name;
  }

  /** The delay, which ends with the session (3.1.3.2.2). */
  #secondsFromNow({ client, delaySeconds }: StoredWill): number {
    const session = this.#broker.sessions.find(this.#vhostName, client);
    if (session === undefined) return 0;
    return Math.min(delaySeconds, session.expirySeconds ?? Infinity);
  }

  #setDue(kept: Kept, delaySeconds: number): void {
    const { will, isInLog } = kept;
    const { sessions } = this.#broker;
    will.dueMs = this.#broker.nowMs() + delaySeconds * 1000;
    if (isInLog) sessions.wills.setDue(this.#vhostName, will.client, will.dueMs);
    this.#schedule(kept);
  }

  /** Clients can connect from now on, and all rights are known. */
  begun(): void {
    this.#fromMs = this.#broker.nowMs() + willPauseMs;
    for (const kept of this.#byClient.values()) this.#schedule(kept);
  }

  #schedule({ will: { dueMs }, timer }: Kept): void {
    if (dueMs === null || this.#fromMs === Infinity) return;
    this.#broker.turns.forget(timer);
    this.#broker.turns.schedule(timer, Math.max(dueMs, this.#fromMs));
  }

  #hasRoom({ user, content }: StoredWill): boolean {
    const { flow, limits } = this.#broker;
    // Connections must not fill the memory or the disk while publishers wait for room there.
    if (flow.blockedReason !== undefined) return false;
    const { willBytesMax, userWillBytesMax } = limits;
    const size = content.length + storedWillBytes;
    const userBytes = this.#sizeBytesByUser.get(user) ?? 0;
    return this.#sizeBytes + size <= willBytesMax && userBytes + size <= userWillBytesMax;
  }

  #keep(will: StoredWill, owned: OwnedWill | undefined, isInLog: boolean): Kept {
    const timer = new SessionTimer(() => this.publish(will.client));
    const kept = { will, owned, isInLog, timer };
    this.#byClient.set(will.client, kept);
    this.#resize(will, 1);
    return kept;
  }

  #resize({ user, content }: StoredWill, sign: 1 | -1): void {
    const change = sign * (content.length + storedWillBytes);
    this.#sizeBytes += change;
    const userBytes = (this.#sizeBytesByUser.get(user) ?? 0) + change;
    if (userBytes === 0) this.#sizeBytesByUser.delete(user);
    else this.#sizeBytesByUser.set(user, userBytes);
  }

  /** A client has connected, whose earlier will has ended. [MQTT-3.1.2-7] */
  connected(owned: OwnedWill): void {
    const will = storedOf(owned);
    if (owned.access.loginRights !== undefined || !this.#hasRoom(will)) return;
    this.#broker.sessions.wills.put(this.#vhostName, will);
    this.#keep(will, owned, true);
  }

  /**
   * A connection has ended without a normal DISCONNECT. [MQTT-3.1.2-8]
   *
   * @param delaySeconds not longer than the session lasts
   */
  left(owned: OwnedWill, delaySeconds: number): void {
    const { clientId } = owned;
    const found = this.#byClient.get(clientId);
    if (found !== undefined && delaySeconds > 0) this.#setDue(found, delaySeconds);
    else if (found !== undefined) this.publish(clientId);
    else {
      const will = storedOf(owned);
      const isKept = delaySeconds > 0 && this.#hasRoom(will);
      if (isKept) this.#setDue(this.#keep(will, owned, false), delaySeconds);
      else publishWill(this.#dialect, owned);
    }
  }

  /** A client has connected again, and continues its session. [MQTT-3.1.3-9] */
  returned(clientId: string): void {
    const { dueMs = null } = this.#byClient.get(clientId)?.will ?? {};
    // A will that was due during a stop, or in the pause after it.
    if (dueMs !== null && dueMs <= this.#broker.nowMs()) this.publish(clientId);
    else this.discard(clientId);
  }

  /** A session has ended, and with it the delay. */
  sessionEnded(clientId: string): void {
    const found = this.#byClient.get(clientId);
    const nowMs = this.#broker.nowMs();
    if (found === undefined) return;
    if (nowMs >= this.#fromMs) this.publish(clientId);
    else if (found.will.dueMs === null || found.will.dueMs > nowMs) this.#setDue(found, 0);
  }

  /** Discards the will of a client. [MQTT-3.1.2-10] */
  discard(clientId: string): void {
    this.#take(clientId);
  }

  #take(clientId: string): Kept | undefined {
    const found = this.#byClient.get(clientId);
    if (found === undefined) return undefined;
    this.#broker.turns.forget(found.timer);
    this.#byClient.delete(clientId);
    this.#resize(found.will, -1);
    if (found.isInLog) this.#broker.sessions.wills.end(this.#vhostName, clientId);
    return found;
  }

  /** Publishes the will of a client, if there is one. */
  publish(clientId: string): void {
    if (!this.#byClient.has(clientId)) return;
    const { store, vhosts } = this.#broker;
    // Another virtual host may have its name now.
    if (vhosts.get(this.#vhostName) !== this.#dialect.vhost) {
      this.close();
      return;
    }
    // A batch, so that it is not published twice if the broker crashes meanwhile.
    store.begin();
    try {
      const found = this.#take(clientId);
      const owned = found && (found.owned ?? this.#read(found.will));
      if (owned !== undefined) publishWill(this.#dialect, owned);
    } finally {
      store.end();
    }
  }

  /** Reads a will of an earlier start. Undefined if its user was deleted. */
  #read(will: StoredWill): OwnedWill | undefined {
    const { client, user, groups, level, qos, isRetained, content } = will;
    const { users } = this.#broker;
    if (groups === undefined && users.get(user) === undefined) return undefined;
    const access = new Access(users, user, this.#vhostName, groups && { groups });
    access.clientId = client;
    try {
      // The level is that of a client that was accepted.
      const form = { version: level as Version, qos, isRetained };
      return { will: willOf(content, form), clientId: client, access };
    } catch (error) {
      // What an earlier release accepted may exceed a limit of this one.
      if (!(error instanceof MqttError)) throw error;
      return undefined;
    }
  }

  /** The virtual host was deleted: forgets what would happen later. */
  close(): void {
    for (const { timer } of this.#byClient.values()) this.#broker.turns.forget(timer);
    this.#byClient.clear();
  }
}

function storedOf({ will, clientId, access }: OwnedWill): StoredWill {
  const { version, qos, isRetained, content, delaySeconds } = will;
  const { user, groups } = access;
  const parts = { qos, isRetained, content, delaySeconds };
  return { client: clientId, user, groups, level: version, ...parts, dueMs: null };
}
