// People who sign in for single sign-on.

import type { Claims } from '../federation/claim-values.ts';

/** A user of the account, who signed in with a password and perhaps a second factor. */
export interface UserPerson {
  readonly type: 'user';
  readonly userId: string;
  /**
   * When the password was proven, milliseconds since 1970. Missing in sign-ins of earlier releases, for
   * which the time of the sign-in counts.
   */
  readonly provenMs?: number;
  /** When the second factor was proven, milliseconds since 1970. */
  readonly mfaAtMs?: number;
}

/** Someone for whom an outside OIDC provider vouches. */
export interface ProviderPerson {
  readonly type: 'provider';
  /** The issuer without `https://`. */
  readonly provider: string;
  /** The client with which this service is registered at the provider. */
  readonly audience: string;
  /** The provider's id of the person. */
  readonly subject: string;
  /** The claims of the ID token. */
  readonly claims: Claims;
}

/** A person who signed in. */
export type Person = UserPerson | ProviderPerson;

/** The id of a person, for limits and the trail. */
export function personId(person: Person): string {
  return person.type === 'user' ? person.userId : `${person.provider}:${person.subject}`;
}

/** The claims that name a person, the best one first. */
const nameClaims = ['preferred_username', 'email', 'name', 'sub'] as const;

/** The name of a person for whom a provider vouches. */
export function providerName({ claims, subject }: ProviderPerson): string {
  for (const claim of nameClaims) {
    const name = claims[claim];
    if (typeof name === 'string' && name !== '') return name.slice(0, 256);
  }
  return subject;
}

/** The name of a role's session for a person: 2 to 64 of the permitted characters. */
export function sessionName(name: string): string {
  return name
    .replace(/[^\w+=,.@-]/g, '-')
    .slice(0, 64)
    .padEnd(2, '-');
}
