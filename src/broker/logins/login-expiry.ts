// The end of connections whose credentials have expired.

import type { ClientConnections } from '../client-connection.ts';

/** The interval of checks, milliseconds. */
const checkedEveryMs = 1000;

/** Maximum number of connections that one check closes. */
const closedAtOnceMax = 64;

/** Closes connections whose credentials have expired and were not renewed. */
export class LoginExpiry {
  readonly #connections: ClientConnections;
  #nextMs = 0;

  constructor(connections: ClientConnections) {
    this.#connections = connections;
  }

  /**
   * Closes expired connections. Call it several times a second.
   *
   * @param nowMs milliseconds since 1970
   */
  tick(nowMs: number): void {
    // A clock that was set back must not delay the check.
    const isEarly = nowMs < this.#nextMs && nowMs >= this.#nextMs - checkedEveryMs;
    if (isEarly || this.#connections.expiring.size === 0) return;
    this.#nextMs = nowMs + checkedEveryMs;
    let closedCount = 0;
    for (const connection of this.#connections.expiring) {
      if (connection.access.expiresAtMs > nowMs) continue;
      if (closedCount++ === closedAtOnceMax) return;
      this.#connections.expiring.delete(connection);
      connection.shutdown('credential expired');
    }
  }
}
