// The user of the broker at this page.

import { SessionStore } from '../parts/session-store.ts';

/** A user of the broker who is signed in. */
export interface Session {
  readonly name: string;
  /** The header of HTTP Basic. */
  readonly authorization: string;
  /** Those of the user; brokers of ActiveMQ's type have none. */
  readonly tags: readonly string[];
  /** What actions must contain; only brokers of ActiveMQ's type have one. */
  readonly secret?: string;
}

/** The page goes on for the same user with the same tags. */
export const store = new SessionStore(({ name, tags }: Session) => ({ name, tags }));

/** The session, if there is one; to begin or end it; and for components. */
export const { current: currentSession, set: setSession, use: useSession, usePage, person } = store;

/** The header of HTTP Basic for a user, in UTF-8. */
export function basicOf(name: string, password: string): string {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
