// The record of an OIDC provider of the account.

import type { TagRecord } from '../accounts/records.ts';

/** An identity provider whose tokens the account accepts (OpenID Connect). */
export interface ProviderRecord {
  /** The URL of the issuer without `https://`. It names the provider. */
  readonly name: string;
  /** The clients for which tokens may be issued (audiences). */
  readonly clientIds: readonly string[];
  /** SHA-1 fingerprints of certificates, hexadecimal. Stored, and not used. */
  readonly thumbprints: readonly string[];
  readonly tags: readonly TagRecord[];
  readonly createdMs: number;
}
