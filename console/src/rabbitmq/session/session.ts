// The person at this page. The password is kept in the memory of the page only: a reload ends the
// session.

import { useSyncExternalStore } from 'react';

/** The rights that tags of users grant, as the management API checks them. */
export type Role = 'management' | 'policymaker' | 'monitoring' | 'administrator';

/** A user of the broker who is signed in. */
export interface Session {
  readonly name: string;
  readonly tags: readonly string[];
  /** The header of HTTP Basic. */
  readonly authorization: string;
}

/** The tags that grant each right. */
const granting: Readonly<Record<Role, readonly string[]>> = {
  management: ['management', 'policymaker', 'monitoring', 'administrator'],
  policymaker: ['policymaker', 'administrator'],
  monitoring: ['monitoring', 'administrator'],
  administrator: ['administrator'],
};

let current: Session | undefined;
const listeners = new Set<() => void>();

/** Begins or ends the session. */
export function setSession(session: Session | undefined): void {
  current = session;
  for (const each of [...listeners]) each();
}

/** The session, if there is one. */
export function currentSession(): Session | undefined {
  return current;
}

/** The session, if there is one, for components. */
export function useSession(): Session | undefined {
  return useSyncExternalStore(listen, currentSession);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the person has a right, for what is offered. The broker decides on each request. */
export function hasRole(role: Role): boolean {
  return current?.tags.some((tag) => granting[role].includes(tag)) ?? false;
}

/** The header of HTTP Basic for a user, in UTF-8. */
export function basicOf(name: string, password: string): string {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
