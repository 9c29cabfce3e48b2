// Sign-ins that are in progress in browsers.

import { networkOf, sourceOf } from '../../base/address.ts';
import { FairPool } from '../../base/fair-pool.ts';
import type { Random } from '../../base/random.ts';
import { isSameCode } from '../../crypto/derive.ts';
import { type Person, personId } from '../../identity/sso/person.ts';

/** The time for which a sign-in can be completed. */
export const flowMs = 10 * 60_000;
/**
 * Maximum number of sign-ins in progress: of people who have not proven who they are, and of people
 * who have and still decide. Networks and people share them fairly.
 */
export const flowCountMax = { ofUnknown: 4096, ofPeople: 4096 };
/** Maximum number of wrong passwords or codes of one sign-in. */
export const wrongCountMax = 5;

/** What a person signs in for. */
export type Purpose =
  /** The web console, to which the browser is sent back. */
  | { readonly type: 'console' }
  /** A client that waits with a code, which may be known. */
  | { readonly type: 'device'; readonly userCode: string }
  /** A client on the person's machine, to which the browser is sent back. */
  | {
      readonly type: 'authorize';
      readonly client: { readonly name: string; readonly digest: string };
      readonly redirectUri: string;
      readonly state: string;
      readonly challenge: string;
    };

/** A sign-in in progress. */
export interface Flow {
  /** The secret in the cookie. */
  readonly id: string;
  /** The secret in forms, which other sites do not know. */
  readonly formToken: string;
  readonly purpose: Purpose;
  readonly expiresMs: number;
  /** Who signed in; undefined until then. */
  readonly person: Person | undefined;
  /** What the outside provider must answer to; undefined if it was not asked. */
  outside: OutsideRequest | undefined;
  wrongCount: number;
}

/** The secrets of a request to an outside provider. */
export interface OutsideRequest {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Keeps the sign-ins in progress, in memory. */
export class BrowserFlows {
  readonly #random: Random;
  /** By id, in the order in which they began or their people signed in. */
  readonly #flows = new Map<string, Flow>();
  readonly #unknown = new FairPool<Flow>(flowCountMax.ofUnknown);
  readonly #ofPeople = new FairPool<Flow>(flowCountMax.ofPeople);

  constructor(random: Random) {
    this.#random = random;
  }

  /** Begins a sign-in. It may end the oldest one of the network that has most of them. */
  begin(purpose: Purpose, peerAddress: string, nowMs: number): Flow {
    this.#dropExpired(nowMs);
    const flow = this.#add({ purpose, expiresMs: nowMs + flowMs, person: undefined });
    const owner = { group: networkOf(peerAddress), member: sourceOf(peerAddress) };
    const given = this.#unknown.add(owner, flow);
    if (given !== undefined) this.end(given);
    return flow;
  }

  /** The sign-in of a browser; undefined if there is none. */
  find(id: string, nowMs: number): Flow | undefined {
    const flow = this.#flows.get(id);
    return flow && flow.expiresMs > nowMs ? flow : undefined;
  }

  /** Continues a sign-in with new secrets, now that the person is known. */
  signedIn(flow: Flow, person: Person): Flow {
    this.end(flow);
    const { purpose, expiresMs } = flow;
    const next = this.#add({ purpose, expiresMs, person });
    const given = this.#ofPeople.add({ group: personId(person), member: '' }, next);
    if (given !== undefined) this.end(given);
    return next;
  }

  /** Ends a sign-in. */
  end(flow: Flow): void {
    this.#flows.delete(flow.id);
    this.#unknown.delete(flow);
    this.#ofPeople.delete(flow);
  }

  #add(flow: Pick<Flow, 'purpose' | 'expiresMs' | 'person'>): Flow {
    const secret = () => this.#random.bytes(32).toString('base64url');
    const made = { ...flow, id: secret(), formToken: secret(), outside: undefined, wrongCount: 0 };
    this.#flows.set(made.id, made);
    return made;
  }

  /** Drops what has expired before the first that has not; sign-ins of people are dropped later. */
  #dropExpired(nowMs: number): void {
    for (const flow of this.#flows.values()) {
      if (flow.expiresMs > nowMs) return;
      this.end(flow);
    }
  }
}

/** The name of the cookie. Browsers accept the prefix only for this host, and only over TLS. */
const cookieName = '__Host-waxwing-sign-in';

/** The cookie of a sign-in. It is also sent when an outside provider sends the browser back. */
export function cookieOf({ id }: Flow): string {
  const attributes = `Path=/; Max-Age=${flowMs / 1000}; Secure; HttpOnly; SameSite=Lax`;
  return `${cookieName}=${id}; ${attributes}`;
}

/** Removes the cookie. */
export const noCookie = `${cookieName}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax`;

/** The id of a sign-in in a Cookie header. */
export function idInCookie(header: string | undefined): string {
  const [, id = ''] =
    new RegExp(`(?:^|;\\s*)${cookieName}=([\\w-]{43})(?:;|$)`).exec(header ?? '') ?? [];
  return id;
}

/** Whether a form has the secret of its sign-in. */
export function isOwnForm({ formToken }: Flow, given: string): boolean {
  return isSameCode(Buffer.from(formToken), Buffer.from(given));
}
