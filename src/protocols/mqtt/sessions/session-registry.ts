// The sessions of a broker.

import { BrokerError } from '../../../broker/errors.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { StoredSession } from '../../../broker/sessions/stored-session.ts';
import type { Access } from '../../../broker/users.ts';
import { isShared, parseFilter } from '../address.ts';
import type { VhostDialect } from '../dialect.ts';
import { PendingWills } from './pending-wills.ts';
import { Session } from './session.ts';
import type { SessionQueues } from './session-queues.ts';
import { type OwnedWill, SessionTimer } from './wills.ts';

/** Number of filters that are compared with permissions in one step. */
const checkedPerStep = 4;

/** A connection that has, or waits for, the session of a client. */
export interface SessionClaimant {
  /** The user that has logged in. */
  readonly user: string;
  /** Another connection uses the same client id: this one must end. [MQTT-3.1.4-3] */
  takenOver(): void;
  /** The session is free, and now belongs to this connection. */
  entered(): void;
}

interface Holder {
  readonly claimant: SessionClaimant;
  next: SessionClaimant | undefined;
}

/** What a client requests of its session. */
export interface SessionRequest {
  readonly isClean: boolean;
  /** Seconds that the session outlives its connection; null for ever. */
  readonly expirySeconds: number | null;
  readonly user: string;
}

/** Assigns sessions to connections, one at a time, and ends those that expire. */
export class SessionRegistry {
  readonly dialect: VhostDialect;
  readonly queues: SessionQueues;
  readonly wills: PendingWills;
  readonly #holders = new Map<string, Holder>();
  readonly #expiries = new Map<string, SessionTimer>();

  constructor(dialect: VhostDialect) {
    this.dialect = dialect;
    this.queues = dialect.queues;
    const stored = [...dialect.broker.sessions.all(dialect.vhost.name)];
    for (const session of stored) this.#restore(session);
    this.queues.removeOrphans(stored.map(({ client }) => client));
    this.wills = new PendingWills(dialect);
  }

  /** Whether the virtual host was deleted. Another one may have its name now. */
  get #isGone(): boolean {
    const { broker, vhost } = this.dialect;
    return broker.vhosts.get(vhost.name) !== vhost;
  }

  /** The virtual host was deleted: forgets what would happen later. */
  close(): void {
    for (const clientId of [...this.#expiries.keys()]) this.#forgetTimer(clientId);
    this.wills.close();
  }

  /** Prepares a session after a start. */
  #restore(session: StoredSession): void {
    for (const text of session.subscriptions.keys()) {
      if (!isShared(text)) continue;
      const { shareName = '', filter } = parseFilter(text);
      this.queues.countShared(shareName, filter);
    }
    // A session whose connection was cut by a crash expires from now on.
    const leftAtMs = session.leftAtMs ?? this.dialect.broker.nowMs();
    if (session.leftAtMs === null) this.#left(session, session.expirySeconds, leftAtMs);
    else this.#expireLater(session, leftAtMs);
  }

  /**
   * Checks, in steps, whether a user may use a client id. The session of another user can be resumed or
   * ended only with the permission to read all that it subscribes to.
   *
   * @throws {BrokerError} `access-refused`
   */
  *requireOwn(clientId: string, access: Access): Generator<void> {
    const { broker, vhost } = this.dialect;
    let checked: StoredSession | undefined;
    for (;;) {
      const found = broker.sessions.find(vhost.name, clientId);
      if (found === undefined || found.user === access.user || found === checked) return;
      if (!this.dialect.hasRights) return;
      let count = 0;
      for (const { filter } of found.subscriptions.values()) {
        if (!this.dialect.mayRead(parseFilter(filter).filter, access)) {
          const why = `the session of client '${clientId}' belongs to another user`;
          throw new BrokerError('access-refused', why);
        }
        if (++count % checkedPerStep === 0) yield;
      }
      checked = found;
    }
  }

  /** @throws {BrokerError} `access-refused` if another user is connected, or waits, with a client id */
  requireNotHeld(clientId: string, access: Access): void {
    const holder = this.#holders.get(clientId);
    const users = [holder?.claimant.user ?? [], holder?.next?.user ?? []].flat();
    if (users.every((user) => user === access.user)) return;
    if (this.dialect.mayDisconnect(clientId, access)) return;
    throw new BrokerError('access-refused', `another user is connected as '${clientId}'`);
  }

  /** Claims the session of a client. If another connection has it, that one ends first. */
  enter(clientId: string, claimant: SessionClaimant): void {
    const holder = this.#holders.get(clientId);
    if (holder === undefined) {
      this.#holders.set(clientId, { claimant, next: undefined });
      claimant.entered();
      return;
    }
    const { next } = holder;
    holder.next = claimant;
    next?.takenOver();
    holder.claimant.takenOver();
  }

  /** Releases the session of a client, or withdraws a claim. */
  leave(clientId: string, claimant: SessionClaimant): void {
    const holder = this.#holders.get(clientId);
    if (holder?.next === claimant) holder.next = undefined;
    if (holder?.claimant !== claimant) return;
    this.#holders.delete(clientId);
    if (holder.next === undefined) return;
    this.#holders.set(clientId, { claimant: holder.next, next: undefined });
    holder.next.entered();
  }

  /**
   * Begins or resumes the session of a client whose claim was granted.
   *
   * @throws {BrokerError} `resource-error` if there are too many sessions; `resource-locked` if a queue with
   *   the name of one of the session's is exclusive to a connection; `not-found` if the virtual host was
   *   deleted
   */
  begin(
    clientId: string,
    { isClean, expirySeconds, user }: SessionRequest,
  ): { readonly session: Session; readonly isPresent: boolean } {
    const { broker, vhost } = this.dialect;
    if (this.#isGone) {
      throw new BrokerError('not-found', `virtual host '${vhost.name}' was deleted`);
    }
    const queues = this.#queuesOf(clientId);
    for (const queue of queues) queue.requireOwner(undefined);
    this.#forgetTimer(clientId);
    const stored = broker.sessions.find(vhost.name, clientId);
    const hasEnded = this.queues.areSessions && queues.length === 0;
    if (!isClean) this.wills.returned(clientId);
    if (stored !== undefined && (isClean || hasEnded)) this.end(stored);
    if (isClean) {
      this.wills.publish(clientId);
      this.#removeQueues(clientId);
    }
    const isPresent = !isClean && !hasEnded && (stored !== undefined || this.queues.areSessions);
    const isStored = isPresent || expirySeconds !== 0;
    const begun = isStored
      ? broker.sessions.put(vhost.name, clientId, { expirySeconds, leftAtMs: null, user })
      : undefined;
    if (begun !== undefined) this.queues.expiryChanged(clientId, expirySeconds);
    return { session: new Session(this.dialect, clientId, begun), isPresent };
  }

  #queuesOf(clientId: string): readonly Queue[] {
    const { queues } = this;
    return [queues.findKept(clientId) ?? [], queues.findLive(clientId) ?? []].flat();
  }

  /** Removes the queues of a session that has no connection. */
  #removeQueues(clientId: string): void {
    for (const queue of this.#queuesOf(clientId)) {
      // An exclusive one belongs to a connection of another protocol.
      if (!queue.options.exclusive) this.queues.remove(queue);
    }
  }

  /**
   * The connection of a session has ended.
   *
   * @param will published after its delay, or when the session ends; undefined for none
   */
  ended(
    { stored, clientId }: Session,
    expirySeconds: number | null,
    will: OwnedWill | undefined,
  ): void {
    if (this.#isGone) return;
    if (will === undefined) this.wills.discard(clientId);
    else this.wills.left(will, Math.min(will.will.delaySeconds, expirySeconds ?? Infinity));
    if (stored !== undefined && expirySeconds === 0) this.end(stored);
    else if (stored !== undefined) this.#left(stored, expirySeconds, this.dialect.broker.nowMs());
  }

  #left(session: StoredSession, expirySeconds: number | null, leftAtMs: number): void {
    const { broker, vhost } = this.dialect;
    const { user } = session;
    this.queues.expiryChanged(session.client, expirySeconds);
    broker.sessions.put(vhost.name, session.client, { expirySeconds, leftAtMs, user });
    this.#expireLater(session, leftAtMs);
  }

  #expireLater(session: StoredSession, leftAtMs: number): void {
    if (session.expirySeconds === null) return;
    const timer = new SessionTimer(() => this.end(session));
    this.#expiries.set(session.client, timer);
    this.dialect.broker.turns.schedule(timer, leftAtMs + session.expirySeconds * 1000);
  }

  #forgetTimer(clientId: string): void {
    const timer = this.#expiries.get(clientId);
    if (timer !== undefined) this.dialect.broker.turns.forget(timer);
    this.#expiries.delete(clientId);
  }

  /** Ends a session that has no connection, with its subscriptions and messages. [MQTT-4.1.0-2] */
  end(session: StoredSession): void {
    const { broker, vhost } = this.dialect;
    const { client, subscriptions } = session;
    this.#forgetTimer(client);
    if (this.#isGone) return;
    const shared = [...subscriptions.keys()].filter(isShared);
    broker.background.run(this.#closeShares(shared));
    this.#removeQueues(client);
    broker.sessions.end(vhost.name, session);
    this.wills.sessionEnded(client);
  }

  *#closeShares(filters: readonly string[]): Generator<void> {
    for (const text of filters) {
      const { shareName, filter } = parseFilter(text);
      this.queues.closeShared(shareName ?? '', filter);
      yield;
    }
  }
}
