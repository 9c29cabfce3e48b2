// The session of the person at this page. It is kept in the memory of the page only: a reload ends it.

import { useSyncExternalStore } from 'react';

/** Keeps a session, and tells components when it begins or ends. */
export class SessionStore<Session> {
  #current: Session | undefined;
  readonly #listeners = new Set<() => void>();

  /** The session, if there is one. */
  readonly current = (): Session | undefined => this.#current;

  /** Begins or ends the session. */
  readonly set = (session: Session | undefined): void => {
    this.#current = session;
    for (const each of [...this.#listeners]) each();
  };

  /** The session, if there is one, for components. */
  readonly use = (): Session | undefined => useSyncExternalStore(this.#listen, this.current);

  readonly #listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
