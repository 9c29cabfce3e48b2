// The stored records of single sign-on.

import type { Person } from './person.ts';

/** A sign-in: its access tokens are valid until it ends. */
export interface SignInRecord {
  /** 22 characters of base64url. */
  readonly id: string;
  readonly person: Person;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly expiresMs: number;
}

/** A change of the journal `sso`. */
export type SsoChange =
  | { readonly put: 'sign-in'; readonly record: SignInRecord }
  | { readonly delete: 'sign-in'; readonly id: string };
