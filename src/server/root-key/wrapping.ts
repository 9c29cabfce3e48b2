// The wrapped data key of the system volume.

import { BytesError, Reader, Writer } from '../../base/bytes.ts';
import { isFipsForced } from '../../crypto/fips-process.ts';
import { openValue, sealedOverheadBytes, sealValue } from '../../crypto/sealed-value.ts';
import { ServerError } from '../errors.ts';
import { describeSource, type RootKeyKind, type RootKeySource } from './source.ts';
import { type RootKeyOwner, type SourceNumber, sourceNumbers } from './sources/root-key-holder.ts';
import { holderOf } from './sources/sources.ts';

/*
 * The root key wraps only one key: the data key of the system volume. It is never stored in the
 * data folder.
 *
 * version u8: 2 | source u8 | since u64, milliseconds since 1970 | id of the change 16 |
 * label: short string | what the source stored: length u32, bytes | nonce 12 | data key 32 | tag 16
 *
 * Version 1 has only: version u8 | source u8 (1 to 3) | salt 16, of passphrases only | nonce | …
 * Everything before the nonce is authenticated, and so is the id of the volume.
 */
const version = 2;
const firstVersion = 1;
const keyBytes = 32;
const saltBytes = 16;
const idBytes = 16;
const sealedBytes = keyBytes + sealedOverheadBytes;
/** Maximum size of what a source stores: that of a ciphertext of KMS. The header permits 8 KiB. */
const storedBytesMax = 6144;
/** Maximum length of a label. */
const labelLengthMax = 200;

/** What a wrapped key says about the root key. It is true only once the key was unwrapped. */
export interface Wrapping {
  readonly kind: RootKeyKind;
  /** The entry of {@link sourceNumbers}. */
  readonly source: SourceNumber;
  /** Since when it is the root key, milliseconds since 1970; undefined for a key of version 1. */
  readonly sinceMs: number | undefined;
  /** Identifies the change that made it the root key, 32 digits; undefined for version 1. */
  readonly changeId: string | undefined;
  /** Names a key on a token or of KMS. Empty for other sources. */
  readonly label: string;
}

/** A wrapped key in parts. */
interface Decoded extends Wrapping {
  /** All bytes before the nonce. */
  readonly head: Buffer;
  readonly stored: Buffer;
  readonly sealed: Buffer;
}

/** When and by which change a key becomes the root key. */
export interface WrappingChange {
  readonly atMs: number;
  /** 16 random bytes. */
  readonly id: Buffer;
}

/**
 * Wraps the data key of a system volume with the root key. A missing key file, sealed file or key
 * on a token is created; a key of KMS and a credential must exist.
 *
 * @throws {ServerError} `root-key-missing`, `root-key-wrong`, `root-key-unavailable`, `not-private`,
 *   `setting-invalid`
 */
export async function wrapDataKey(
  source: RootKeySource,
  owner: RootKeyOwner,
  dataKey: Buffer,
  { atMs, id }: WrappingChange,
): Promise<Buffer> {
  const holder = holderOf(source);
  const { key, stored, number } = await holder.make(owner);
  try {
    const writer = new Writer();
    writer.u8(version);
    writer.u8(number);
    writer.u64(atMs);
    writer.raw(id);
    writer.shortString((holder.label ?? '').slice(0, labelLengthMax));
    writer.longBytes(stored);
    const head = writer.toBuffer();
    return Buffer.concat([head, sealValue(key, bound(head, owner.volumeId), dataKey)]);
  } finally {
    key.fill(0);
  }
}

/**
 * Unwraps the data key of a system volume.
 *
 * @returns 32 bytes, which the caller overwrites after use
 * @throws {ServerError} `root-key-missing`, `root-key-wrong`, `root-key-format-unknown`,
 *   `root-key-source-other`, `root-key-unavailable`, `not-private`, `setting-invalid`
 */
export async function unwrapDataKey(
  source: RootKeySource,
  owner: RootKeyOwner,
  wrapped: Buffer,
): Promise<Buffer> {
  const { kind, label, head, stored, sealed, source: number } = decode(wrapped);
  if (kind !== source.kind) throw otherSource(source, owner, { kind, label });
  if (isFipsForced() && number === sourceNumbers.scrypt) throw unapproved(owner);
  const holder = holderOf(source);
  const key = await holder.open(owner, stored, number);
  try {
    return openValue(key, bound(head, owner.volumeId), sealed);
  } catch (cause) {
    const what = holder.describe?.(owner) ?? describeSource(source);
    const text = `${what} does not match ${owner.folder}`;
    throw new ServerError('root-key-wrong', text, { cause });
  } finally {
    key.fill(0);
  }
}

/**
 * Reads what a wrapped key says about the root key.
 *
 * @throws {ServerError} `root-key-format-unknown`
 */
export function readWrapping(wrapped: Buffer): Wrapping {
  const { kind, source, sinceMs, changeId, label } = decode(wrapped);
  return { kind, source, sinceMs, changeId, label };
}

/** Returns the authenticated data of a wrapped key: its head and the volume id. */
function bound(head: Buffer, volumeId: string): string {
  return `${head.toString('hex')} ${volumeId}`;
}

function decode(wrapped: Buffer): Decoded {
  try {
    if (wrapped[0] === version) return decodeFields(wrapped);
    if (wrapped[0] === firstVersion) return decodeFirst(wrapped);
  } catch (error) {
    if (!(error instanceof BytesError)) throw error;
  }
  throw unknownFormat(wrapped);
}

function decodeFirst(wrapped: Buffer): Decoded {
  const source = sourceOf(wrapped);
  if (source > sourceNumbers.pbkdf2) throw unknownFormat(wrapped);
  const kind = source === sourceNumbers.file ? 'file' : 'passphrase';
  const headBytes = kind === 'file' ? 2 : 2 + saltBytes;
  if (wrapped.length !== headBytes + sealedBytes) throw unknownFormat(wrapped);
  const head = wrapped.subarray(0, headBytes);
  const [stored, sealed] = [head.subarray(2), wrapped.subarray(headBytes)];
  return { kind, source, sinceMs: undefined, changeId: undefined, label: '', head, stored, sealed };
}

function decodeFields(wrapped: Buffer): Decoded {
  const source = sourceOf(wrapped);
  const reader = new Reader(wrapped);
  reader.skip(2);
  const sinceMs = reader.u64();
  const idAt = reader.skip(idBytes);
  const changeId = wrapped.subarray(idAt, idAt + idBytes).toString('hex');
  const label = reader.shortString();
  const stored = Buffer.from(reader.longBytes());
  const { left } = reader;
  if (left !== sealedBytes || stored.length > storedBytesMax) throw unknownFormat(wrapped);
  const head = wrapped.subarray(0, wrapped.length - left);
  const sealed = wrapped.subarray(wrapped.length - left);
  return { kind: kinds[source], source, sinceMs, changeId, label, head, stored, sealed };
}

/** The kind of each source number. */
const kinds: Readonly<Record<SourceNumber, RootKeyKind>> = {
  [sourceNumbers.file]: 'file',
  [sourceNumbers.scrypt]: 'passphrase',
  [sourceNumbers.pbkdf2]: 'passphrase',
  [sourceNumbers.credential]: 'credential',
  [sourceNumbers.sealedFile]: 'systemd-creds',
  [sourceNumbers.pkcs11]: 'pkcs11',
  [sourceNumbers.awsKms]: 'aws-kms',
};

function sourceOf(wrapped: Buffer): SourceNumber {
  const found = Object.values(sourceNumbers).find((number) => number === wrapped[1]);
  if (found === undefined) throw unknownFormat(wrapped);
  return found;
}

function unknownFormat(wrapped: Buffer): ServerError {
  const [found = 0, source = 0] = wrapped;
  const text = `the wrapped key has version ${found}, source ${source} and ${wrapped.length} bytes`;
  return new ServerError(
    'root-key-format-unknown',
    `${text}; versions ${firstVersion} and ${version} are known`,
  );
}

/** What the configuration needs for a folder whose header states a kind. */
const remedies: Readonly<Record<RootKeyKind, readonly [what: string, remedy: string]>> = {
  file: ['a key file', 'unset WAXWING_ROOT_KEY and WAXWING_ROOT_PASSPHRASE_FILE, or set file:PATH'],
  passphrase: ['a passphrase', 'set WAXWING_ROOT_PASSPHRASE_FILE'],
  credential: ['a systemd credential', 'set WAXWING_ROOT_KEY=credential:NAME'],
  'systemd-creds': ['a file of systemd-creds', 'set WAXWING_ROOT_KEY=systemd-creds:PATH'],
  pkcs11: ['a key on a PKCS#11 token', 'set WAXWING_ROOT_KEY=pkcs11:…'],
  'aws-kms': ['a KMS key', 'set WAXWING_ROOT_KEY=aws-kms:ARN'],
};

function otherSource(
  source: RootKeySource,
  { folder }: RootKeyOwner,
  { kind, label }: Pick<Wrapping, 'kind' | 'label'>,
): ServerError {
  const [what, remedy] = remedies[kind];
  const named = label === '' ? what : `${what} (${shownLabel(label)})`;
  const isDefault = source.kind === 'file' && source.file === undefined;
  const found = isDefault ? 'none is configured' : `${describeSource(source)} is configured`;
  // If nobody changed the root key, somebody has replaced the folder.
  const text = `${folder} requires ${named}, but ${found}: ${remedy}`;
  return new ServerError('root-key-source-other', text);
}

/** A label of a header that is not proved yet, for a message. */
export function shownLabel(label: string): string {
  return /^[\x20-\x7e]*$/.test(label) ? label : JSON.stringify(label);
}

function unapproved({ folder }: RootKeyOwner): ServerError {
  return new ServerError(
    'root-key-source-other',
    `the root key of ${folder} is derived from its passphrase with scrypt, which FIPS 140-3 does not ` +
      'approve; without --fips, `waxwing root-key change` moves it to another source',
  );
}
