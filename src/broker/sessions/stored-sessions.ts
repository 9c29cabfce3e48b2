// The sessions that outlive their connections.

import { BrokerError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import {
  type IdChanges,
  type SessionChange,
  type SessionSubscription,
  StoredSession,
} from './stored-session.ts';
import { isWillChange, StoredWills } from './stored-wills.ts';

/** The interface to the broker. */
export interface SessionsHost {
  readonly limits: Pick<Limits, 'sessionCountMax'>;
  define(change: SessionChange): void;
}

/**
 * The sessions of all virtual hosts. Each change is written to the log before it has an effect. The
 * caller waits until it is synced where the client must know.
 */
export class StoredSessions {
  /** The wills of clients, also of those whose sessions end with their connections. */
  readonly wills: StoredWills;
  readonly #host: SessionsHost;
  readonly #byVhost = new Map<string, Map<string, StoredSession>>();

  constructor(host: SessionsHost) {
    this.#host = host;
    this.wills = new StoredWills((change) => host.define(change));
  }

  #of(vhost: string): Map<string, StoredSession> {
    const found = this.#byVhost.get(vhost) ?? new Map<string, StoredSession>();
    this.#byVhost.set(vhost, found);
    return found;
  }

  /** All sessions of a virtual host. */
  all(vhost: string): Iterable<StoredSession> {
    return this.#of(vhost).values();
  }

  /** The session of a client; undefined if there is none. */
  find(vhost: string, client: string): StoredSession | undefined {
    return this.#byVhost.get(vhost)?.get(client);
  }

  /**
   * Creates a session, or changes the times and the user of an existing one.
   *
   * @throws {BrokerError} `resource-error` if there are too many
   */
  put(
    vhost: string,
    client: string,
    state: Pick<StoredSession, 'expirySeconds' | 'leftAtMs' | 'user'>,
  ): StoredSession {
    const { sessionCountMax } = this.#host.limits;
    const sessions = this.#of(vhost);
    if (!sessions.has(client) && sessions.size >= sessionCountMax) {
      const why = `session limit in vhost '${vhost}' (${sessionCountMax}) is reached`;
      throw new BrokerError('resource-error', `cannot create a session: ${why}`);
    }
    this.#change({ kind: 'session', vhost, client, ...state });
    return sessions.get(client) as StoredSession; // the change has created it
  }

  /** Deletes a session. Its queue is deleted by its owner. */
  end(vhost: string, { client }: StoredSession): void {
    this.#change({ kind: 'session-ended', vhost, client });
  }

  /** Adds or replaces a subscription. */
  subscribe(vhost: string, { client }: StoredSession, subscription: SessionSubscription): void {
    this.#change({ kind: 'session-subscribed', vhost, client, subscription });
  }

  unsubscribe(vhost: string, { client }: StoredSession, filter: string): void {
    this.#change({ kind: 'session-unsubscribed', vhost, client, filter });
  }

  /** Changes the packet ids of a session. */
  changeIds(vhost: string, { client }: StoredSession, changes: IdChanges): void {
    this.#change({ kind: 'session-ids', vhost, client, ...changes });
  }

  #change(change: SessionChange): void {
    this.#host.define(change);
    this.apply(change);
  }

  /** Applies a change from the log. */
  apply(change: SessionChange): void {
    if (isWillChange(change)) {
      this.wills.apply(change);
      return;
    }
    const sessions = this.#of(change.vhost);
    if (change.kind === 'session') {
      const session = sessions.get(change.client) ?? new StoredSession(change.client);
      session.expirySeconds = change.expirySeconds;
      session.leftAtMs = change.leftAtMs;
      session.user = change.user;
      sessions.set(change.client, session);
      return;
    }
    const session = sessions.get(change.client);
    if (session === undefined) return;
    if (change.kind === 'session-ended') sessions.delete(change.client);
    else if (change.kind === 'session-subscribed') {
      session.subscriptions.set(change.subscription.filter, change.subscription);
    } else if (change.kind === 'session-unsubscribed') session.subscriptions.delete(change.filter);
    else session.applyIds(change);
  }

  /** A virtual host was deleted. */
  forget(vhost: string): void {
    this.#byVhost.delete(vhost);
    this.wills.forget(vhost);
  }

  /** The changes that recreate all sessions and wills. */
  *snapshot(): Generator<SessionChange> {
    for (const [vhost, sessions] of this.#byVhost) {
      for (const session of sessions.values()) yield* session.snapshot(vhost);
    }
    yield* this.wills.snapshot();
  }
}
