// The stored records of the key service.

import type { PrincipalIds } from '../identity/policies/principal-ids.ts';

/** The class of a key: customer managed, AWS managed, or service-owned (AWS owned). */
export type KeyOwner = 'customer' | 'aws' | 'service';

/**
 * The states of a key. `Creating` and `Updating` belong to multi-Region keys, which are not
 * supported.
 */
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport' | 'Unavailable';

/** A stored key material, sealed with a secret of its own. */
export interface MaterialRecord {
  /** 64 lower-case hexadecimal digits. Every ciphertext of a symmetric key names its material. */
  readonly id: string;
  /**
   * Base64 of the sealed material: a symmetric key, or a private key (PKCS #8, DER). Missing if the
   * imported material was deleted or has expired. See {@link file://./ciphers/materials.ts}.
   */
  readonly wrapped?: string;
  /** The slot of the secret that seals it; missing in records of earlier releases. */
  readonly secret?: number;
  /** The time when it became the current material; for others, when it was imported. */
  readonly createdMs: number;
  /** The type of the rotation that made it current; missing for the first material. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND';
  /** Whether it was imported and is not current yet. The next rotation makes it current. */
  readonly isPending?: true;
  /** The time when an imported material expires; missing if it does not. */
  readonly validToMs?: number;
  /** The description of an imported material. */
  readonly description?: string;
}

/** The settings of automatic rotation. */
export interface RotationRecord {
  /** 90 to 2560 */
  readonly periodDays: number;
  readonly nextMs: number;
}

/** The stored state of a key. Immutable: every change stores a new record. */
export interface KeyRecord {
  readonly id: string;
  readonly arn: string;
  /** 12 digits */
  readonly accountId: string;
  readonly owner: KeyOwner;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly multiRegion: boolean;
  readonly description: string;
  /** The key policy as it was submitted. */
  readonly policy: string;
  /** The unique ids of the principals that the key policy names, by ARN. */
  readonly principalIds?: PrincipalIds;
  readonly createdMs: number;
  readonly state: KeyState;
  /** Set if and only if the state is `PendingDeletion`. */
  readonly deletionMs?: number;
  readonly tags: Readonly<Record<string, string>>;
  /**
   * Oldest first. The current one encrypts; all of them decrypt. Keys that are not symmetric have
   * at most one. See {@link currentMaterial}.
   */
  readonly materials: readonly MaterialRecord[];
  /** The public key of an asymmetric key; base64 of SubjectPublicKeyInfo in DER. */
  readonly publicKey?: string;
  /**
   * Set if automatic rotation is enabled. Never set for AWS managed keys, which are always rotated.
   */
  readonly rotation?: RotationRecord;
  /** The time of an on-demand rotation request that is still pending. */
  readonly onDemandMs?: number;
}

/** The material that encrypts; undefined if none was imported yet. */
export function currentMaterial({ materials }: KeyRecord): MaterialRecord | undefined {
  return materials.findLast(({ isPending }) => isPending !== true);
}

/** Whether a key cannot be used because imported material is missing. */
export function lacksMaterial({ origin, materials }: KeyRecord): boolean {
  if (origin !== 'EXTERNAL') return false;
  const inUse = materials.filter(({ isPending }) => isPending !== true);
  return inUse.length === 0 || inUse.some(({ wrapped }) => wrapped === undefined);
}

/** An alias of a key. */
export interface AliasRecord {
  /** `alias/…` */
  readonly name: string;
  readonly arn: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** The pairs of an encryption context. Case-sensitive; the order does not matter. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** The conditions under which a grant applies. */
export interface GrantConstraints {
  /** The encryption context has exactly these pairs. */
  readonly EncryptionContextEquals?: EncryptionContext | undefined;
  /** The encryption context has at least these pairs. */
  readonly EncryptionContextSubset?: EncryptionContext | undefined;
  /** The resource on whose behalf a service calls. */
  readonly SourceArn?: string | undefined;
}

/** A grant: it lets one grantee use one key for the listed operations. */
export interface GrantRecord {
  /** 64 lower-case hexadecimal digits */
  readonly id: string;
  readonly keyId: string;
  /** Empty if the grant has no name. */
  readonly name: string;
  readonly createdMs: number;
  /** An ARN, or a service principal (`mq.amazonaws.com`). */
  readonly grantee: string;
  /** The unique id of the grantee when the grant was created, if it has one. */
  readonly granteeId?: string;
  /**
   * The retiring principal, in the form of {@link grantee}; missing if only the account may retire
   * the grant.
   */
  readonly retiring?: string;
  /** The unique id of the retiring principal, if it has one. */
  readonly retiringId?: string;
  /** Whether the principals were named in the members for service principals. */
  readonly granteeIsService?: boolean;
  readonly retiringIsService?: boolean;
  /** The account under which the grant was created, 12 digits. */
  readonly issuingAccount: string;
  readonly operations: readonly string[];
  readonly constraints?: GrantConstraints;
}

/** The last successful cryptographic use of a key. */
export interface KeyUseRecord {
  /** `Decrypt`, `Sign`, … */
  readonly operation: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** The audit event of the use. */
  readonly eventId: string;
  readonly requestId: string;
}

/** A change of the journal `kms`. Deleting a key also deletes its aliases and grants. */
export type KmsChange =
  | { readonly put: 'key'; readonly key: KeyRecord }
  | { readonly put: 'alias'; readonly alias: AliasRecord }
  | { readonly put: 'grant'; readonly grant: GrantRecord }
  | { readonly put: 'key-use'; readonly keyId: string; readonly use: KeyUseRecord }
  /** Uses of keys are recorded since this time, milliseconds since 1970. */
  | { readonly put: 'use-tracking'; readonly sinceMs: number }
  | { readonly delete: 'key'; readonly keyId: string }
  | { readonly delete: 'alias'; readonly accountId: string; readonly name: string }
  | { readonly delete: 'grant'; readonly keyId: string; readonly grantId: string };
