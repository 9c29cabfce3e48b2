/** Who made a key and who may manage it (kms.md section 6 of AWS's classes: customer managed, AWS managed, AWS owned). */
export type KeyOwner = 'customer' | 'aws' | 'service';

/** The states a key can be in; `Creating` and `Updating` belong to multi-Region keys, which are not made here. */
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport' | 'Unavailable';

/** One key material of a key, as it is kept: sealed under the system volume's wrapping key. */
export interface MaterialRecord {
  /** 64 lower-case hex digits; named by every ciphertext made with it. */
  readonly id: string;
  /** Base64 of the sealed 32 bytes, see {@link file://./ciphers/materials.ts}. */
  readonly wrapped: string;
  /** When it became the current one. */
  readonly createdMs: number;
  /** How it came to replace the one before; absent for a key's first material. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND';
}

/** Automatic rotation of a key's material. */
export interface RotationRecord {
  /** 90 to 2560 */
  readonly periodDays: number;
  readonly nextMs: number;
}

/** All that is kept of a key. Never changed in place: every change puts a new record. */
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
  /** The key policy, as it was put. */
  readonly policy: string;
  readonly createdMs: number;
  readonly state: KeyState;
  /** Set exactly while the state is `PendingDeletion`. */
  readonly deletionMs?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Oldest first; the last one encrypts, all decrypt. Empty where there is no symmetric material. */
  readonly materials: readonly MaterialRecord[];
  /** Set where the key is to be rotated by itself; never of keys that AWS manages, which always are. */
  readonly rotation?: RotationRecord;
  /** When a rotation was asked for that is still to be done. */
  readonly onDemandMs?: number;
}

/** A name for a key. */
export interface AliasRecord {
  /** `alias/…` */
  readonly name: string;
  readonly arn: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Pairs that a call's encryption context is compared with; case-sensitive, in any order. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** What a call must carry for a grant to apply to it. */
export interface GrantConstraints {
  /** The context has exactly these pairs. */
  readonly EncryptionContextEquals?: EncryptionContext | undefined;
  /** The context has at least these pairs. */
  readonly EncryptionContextSubset?: EncryptionContext | undefined;
  /** The resource for which a service calls. */
  readonly SourceArn?: string | undefined;
}

/** A grant: lets one grantee use one key for the operations listed. */
export interface GrantRecord {
  /** 64 lower-case hex digits */
  readonly id: string;
  readonly keyId: string;
  /** Empty where the grant was made without one. */
  readonly name: string;
  readonly createdMs: number;
  /** An ARN, or a service principal (`mq.amazonaws.com`). */
  readonly grantee: string;
  /** As {@link grantee}; absent where nobody but the account may retire it. */
  readonly retiring?: string;
  /** True where grantee or retiring principal were named as service principals of the newer form. */
  readonly granteeIsService?: boolean;
  readonly retiringIsService?: boolean;
  /** The account under which it was made, 12 digits. */
  readonly issuingAccount: string;
  readonly operations: readonly string[];
  readonly constraints?: GrantConstraints;
}

/** One change to the journal `kms`. Deleting a key deletes its aliases and grants with it. */
export type KmsChange =
  | { readonly put: 'key'; readonly key: KeyRecord }
  | { readonly put: 'alias'; readonly alias: AliasRecord }
  | { readonly put: 'grant'; readonly grant: GrantRecord }
  | { readonly delete: 'key'; readonly keyId: string }
  | { readonly delete: 'alias'; readonly accountId: string; readonly name: string }
  | { readonly delete: 'grant'; readonly keyId: string; readonly grantId: string };
