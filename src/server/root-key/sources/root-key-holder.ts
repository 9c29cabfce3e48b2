// What every source of the root key does.

import type { RootKeyKind } from '../source.ts';

/** The data folder that a root key belongs to. */
export interface RootKeyOwner {
  /** Real path of the data folder. */
  readonly folder: string;
  /** The id of the system volume. */
  readonly volumeId: string;
}

/** The numbers of the sources in the header; never reused. Passphrases have one for each function. */
export const sourceNumbers = {
  file: 1,
  scrypt: 2,
  pbkdf2: 3,
  credential: 4,
  sealedFile: 5,
  pkcs11: 6,
  awsKms: 7,
} as const;

/** One of {@link sourceNumbers}. */
export type SourceNumber = (typeof sourceNumbers)[keyof typeof sourceNumbers];

/** A root key for a new wrapping. */
export interface MadeRootKey {
  /** 32 bytes, which the caller overwrites after use. */
  readonly key: Buffer;
  /** What {@link RootKeyHolder.open} needs besides the source: a salt, or the key sealed by it. */
  readonly stored: Buffer;
  readonly number: SourceNumber;
}

/** A source that holds a root key. */
export interface RootKeyHolder {
  readonly kind: RootKeyKind;
  /** Names the key among others of the source. It is stored in clear. */
  readonly label?: string;
  /** The key in words, if they differ from those of the source. */
  describe?(owner: RootKeyOwner): string;
  /**
   * Returns a key for a new wrapping.
   *
   * @throws {ServerError}
   */
  make(owner: RootKeyOwner): Promise<MadeRootKey>;
  /**
   * Returns the key of a wrapping: 32 bytes, which the caller overwrites after use.
   *
   * @param stored what {@link make} returned
   * @throws {ServerError}
   */
  open(owner: RootKeyOwner, stored: Buffer, number: SourceNumber): Promise<Buffer>;
}

/** The length of root keys. */
export const rootKeyBytes = 32;
