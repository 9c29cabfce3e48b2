// The record of outbound web identity federation.

import type { JsonWebKey } from 'node:crypto';

/** The algorithms that sign web identity tokens (RFC 7518, section 3.1). */
export const webIdentityAlgorithms = ['ES384', 'RS256'] as const;

/** An algorithm that signs web identity tokens. */
export type WebIdentityAlgorithm = (typeof webIdentityAlgorithms)[number];

/** A key that signs web identity tokens. */
export interface WebIdentityKeyRecord {
  /** The claim `kid` of the tokens. */
  readonly id: string;
  readonly algorithm: WebIdentityAlgorithm;
  readonly publicKey: JsonWebKey;
  /** The private key, PKCS #8 (RFC 5208), sealed; base64. */
  readonly sealedKey: string;
}

/** The issuer of the account's web identity tokens. It exists since it was first enabled. */
export interface WebIdentityRecord {
  /** A UUID, the last part of the issuer's URL. */
  readonly issuerId: string;
  readonly isEnabled: boolean;
  /** One for each algorithm. */
  readonly keys: readonly WebIdentityKeyRecord[];
}
