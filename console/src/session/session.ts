// The session of the person at this page. It is kept in the memory of the page only: a reload ends it.

import { useSyncExternalStore } from 'react';
import { SessionStore } from '../parts/session-store.ts';

/** Short-lived credentials, and whose they are. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ISO 8601. */
  readonly expiration: string;
  readonly region: string;
  readonly accountId: string;
  /** `root`, a user name, or a role with a name. */
  readonly name: string;
  readonly type: string;
  /** Of a role to which a user switched: the user. */
  readonly userName?: string | undefined;
}

/** The user who is signed in, also while it uses a role; undefined for others. */
export function userOf({ type, name, userName }: Session): string | undefined {
  return type === 'user' ? name : userName;
}

/** What the person is told when a session ends by itself. */
export const endedText = 'Your session has ended. Sign in again.';

/** The roles that a person of an identity provider may use. */
export interface RoleChoice {
  readonly code: string;
  readonly roles: readonly string[];
}

/** The page goes on for the same user, or the same role of the same user. */
export const store = new SessionStore(({ accountId, type, name }: Session) => {
  return { accountId, type, name };
});

/** The session, if there is one; to begin or end it; and for components. */
export const { current: currentSession, set: setSession, use: useSession, usePage } = store;

/**
 * Asks the service for credentials.
 *
 * @throws {Error} with the text of the service
 */
export async function signIn(request: object): Promise<Session | RoleChoice> {
  const response = await fetch('/console/sign-in', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
    cache: 'no-store',
    credentials: 'same-origin',
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Error(answer.message ?? `The service answered with status ${response.status}.`);
}

/** What the service tells before a sign-in. */
export interface ConsoleSettings {
  readonly region: string;
  /** The host of the identity provider with which people sign in. */
  readonly providerHost?: string;
}

/** @throws {Error} */
export async function consoleSettings(): Promise<ConsoleSettings> {
  const response = await fetch('/console/settings', { cache: 'no-store' });
  if (response.ok) return response.json();
  throw new Error(`The service answered with status ${response.status}.`);
}

/**
 * The one-time code in the address, which is removed from it at once, so that neither the history nor
 * a bookmark has it.
 */
function codeInAddress(before = '/console/'): string | undefined {
  const [, code] = /^#code=([\w-]{43})$/.exec(location.hash) ?? [];
  if (code !== undefined) history.replaceState(null, '', before);
  return code;
}

let code = codeInAddress();
const codeListeners = new Set<() => void>();

function setCode(next: string | undefined): void {
  code = next;
  for (const each of [...codeListeners]) each();
}

/** The code that the person can use, for components; and to forget it once it is used. */
export function useCode(): readonly [code: string | undefined, forget: () => void] {
  const listen = (listener: () => void) => {
    codeListeners.add(listener);
    return () => codeListeners.delete(listener);
  };
  return [useSyncExternalStore(listen, () => code), () => setCode(undefined)];
}

// A code in the address of an open page is used like one with which the page is opened. A page that waits
// for its person goes on, at the address that it had.
addEventListener('hashchange', ({ oldURL }) => {
  if (!/^#code=/.test(location.hash)) return;
  if (store.hasHidden()) setCode(codeInAddress(oldURL));
  else location.reload();
});
