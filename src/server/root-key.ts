// The root key of a data folder.

import { createHash, pbkdf2, randomFill, scrypt } from 'node:crypto';
import { constants, existsSync, linkSync, type Stats } from 'node:fs';
import { link, mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isFipsForced } from '../crypto/fips.ts';
import { openValue, sealedOverheadBytes, sealValue } from '../crypto/sealed-value.ts';
import { ServerError } from './errors.ts';
import { checkFolder, checkKeyFile, checkPassphraseFile } from './ownership.ts';

/**
 * The root key wraps only one key: the data key of the system volume. It is never stored in the
 * data folder. The format of a wrapped key is: version u8 (1), source u8 (1: key file, 2: passphrase
 * with scrypt, 3: passphrase with PBKDF2), salt (16 bytes, passphrases only), nonce (12 bytes), sealed data key (32 bytes), tag (16 bytes). The id of the
 * volume is authenticated too.
 */
const version = 1;
const sources = { file: 1, passphrase: 2, 'approved-passphrase': 3 } as const;
type SourceName = 'file' | 'passphrase';
const keyBytes = 32;
const saltBytes = 16;

/** Parameters of scrypt (RFC 7914): about a quarter of a second and 64 MiB per guess. */
const scryptParameters = { N: 65_536, r: 8, p: 1, maxmem: 96 * 1024 * 1024 };

/** Iterations of PBKDF2-HMAC-SHA-512, which FIPS 140-3 approves: about half a second per guess. */
const pbkdf2Iterations = 1_000_000;

/** Maximum size of a key file or passphrase file. */
const fileBytesMax = 16 * 1024;

/** Minimum length of a passphrase. */
const passphraseLengthMin = 12;

/**
 * The configured source of the root key. The data folder also states its source, and both must
 * agree. The data folder alone is not trusted, because somebody who can write it or a backup of it
 * can change it.
 */
export interface RootKeySource {
  /** `~/.config/waxwing`, or the folder that XDG_CONFIG_HOME selects. */
  readonly configFolder: string;
  /** The file with the passphrase, which replaces the key file. */
  readonly passphraseFile: string | undefined;
  /** The key file. Defaults to the one that belongs to the path of the data folder. */
  readonly keyFile?: string | undefined;
}

/** The data folder that a root key belongs to. */
export interface RootKeyOwner {
  /** Real path of the data folder. */
  readonly folder: string;
  /** The id of the system volume. */
  readonly volumeId: string;
}

/** Returns the path of the key file of a data folder. It is used only without a passphrase. */
export function rootKeyFile(source: RootKeySource, folder: string): string {
  if (source.keyFile !== undefined) return source.keyFile;
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const name = basename(folder)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 64);
  return join(source.configFolder, `${name}-${hash}.key`);
}

/** Returns the path of the key file in earlier releases, which contains the volume id. */
function earlierKeyFile({ configFolder }: RootKeySource, { volumeId }: RootKeyOwner) {
  // The header has been validated, but here the id becomes part of a path.
  if (!isSystemVolumeId(volumeId)) return undefined;
  return join(configFolder, `${volumeId}.key`);
}

/** Whether an id has the form of a system volume's id. */
export function isSystemVolumeId(id: string): boolean {
  return /^sys-[0-9a-f]{17}$/.test(id);
}

/**
 * Wraps the data key of a new system volume with the root key. If no passphrase is configured and
 * the key file does not exist, the key file is created.
 *
 * @throws {ServerError} `root-key-missing`, `root-key-wrong`, `not-private`, `setting-invalid`
 */
export async function wrapDataKey(
  source: RootKeySource,
  owner: RootKeyOwner,
  dataKey: Buffer,
): Promise<Buffer> {
  if (wantedSource(source) === 'file') {
    const key = await makeKeyFile(rootKeyFile(source, owner.folder), owner.folder);
    return seal(Buffer.of(version, sources.file), key, owner.volumeId, dataKey);
  }
  const salt = await random(saltBytes);
  const how = isFipsForced() ? sources['approved-passphrase'] : sources.passphrase;
  const key = await stretch(await readPassphrase(source.passphraseFile), salt, how);
  const head = Buffer.concat([Buffer.of(version, how), salt]);
  return seal(head, key, owner.volumeId, dataKey);
}

function seal(head: Buffer, key: Buffer, volumeId: string, dataKey: Buffer): Buffer {
  const sealed = sealValue(key, bound(head, volumeId), dataKey);
  key.fill(0);
  return Buffer.concat([head, sealed]);
}

/**
 * Unwraps the data key of a system volume.
 *
 * @returns 32 bytes, which the caller overwrites after use
 * @throws {ServerError} `root-key-missing`, `root-key-wrong`, `root-key-format-unknown`,
 *   `root-key-source-other`, `not-private`, `setting-invalid`
 */
export async function unwrapDataKey(
  source: RootKeySource,
  owner: RootKeyOwner,
  wrapped: Buffer,
): Promise<Buffer> {
  const wanted = wantedSource(source);
  if (sourceOf(wrapped) !== wanted) throw otherSource(source, owner);
  const headBytes = wanted === 'file' ? 2 : 2 + saltBytes;
  if (wrapped.length !== headBytes + keyBytes + sealedOverheadBytes) throw unknownFormat(wrapped);
  const head = wrapped.subarray(0, headBytes);
  if (isFipsForced() && head[1] === sources.passphrase) throw unapproved(owner);
  const file = wanted === 'file' ? findKeyFile(source, owner) : (source.passphraseFile ?? '');
  const key =
    wanted === 'file'
      ? await readKeyFile(file, owner.folder)
      : await stretch(await readPassphrase(file), head.subarray(2), head[1] ?? 0);
  try {
    return openValue(key, bound(head, owner.volumeId), wrapped.subarray(headBytes));
  } catch (cause) {
    const what = wanted === 'file' ? 'the key in' : 'the passphrase in';
    const text = `${what} ${file} does not match ${owner.folder}`;
    throw new ServerError('root-key-wrong', text, { cause });
  } finally {
    key.fill(0);
  }
}

/** Links the key file of an earlier release to its new name. The old name remains. */
export function adoptKeyFile(source: RootKeySource, owner: RootKeyOwner): void {
  if (wantedSource(source) !== 'file' || source.keyFile !== undefined) return;
  const [found, file] = [findKeyFile(source, owner), rootKeyFile(source, owner.folder)];
  if (found === file) return;
  try {
    linkSync(found, file);
  } catch (error) {
    // Some file systems have no hard links. The old name is then used again next time.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/**
 * Returns the key file for the path of the folder, or that of an earlier release if only it exists.
 */
function findKeyFile(source: RootKeySource, owner: RootKeyOwner): string {
  const file = rootKeyFile(source, owner.folder);
  if (source.keyFile !== undefined || existsSync(file)) return file;
  const earlier = earlierKeyFile(source, owner);
  return earlier !== undefined && existsSync(earlier) ? earlier : file;
}

function wantedSource({ passphraseFile, keyFile }: RootKeySource): SourceName {
  if (passphraseFile === undefined) return 'file';
  if (keyFile === undefined) return 'passphrase';
  const text = 'WAXWING_ROOT_PASSPHRASE_FILE and WAXWING_ROOT_KEY_FILE are both set';
  throw new ServerError('setting-invalid', `${text}; a data folder has only one root key`);
}

function otherSource({ passphraseFile, keyFile }: RootKeySource, { folder }: RootKeyOwner) {
  if (passphraseFile === undefined) {
    const remedy = `set WAXWING_ROOT_PASSPHRASE_FILE${keyFile ? ', not WAXWING_ROOT_KEY_FILE' : ''}`;
    return new ServerError(
      'root-key-source-other',
      `${folder} requires a passphrase, but none is configured: ${remedy}`,
    );
  }
  return new ServerError(
    'root-key-source-other',
    `${folder} requires a key file, but WAXWING_ROOT_PASSPHRASE_FILE is set: unset it ` +
      'if the folder was created without a passphrase; otherwise the folder was replaced',
  );
}

/** Returns the source that a wrapped key requires. */
function sourceOf(wrapped: Buffer): SourceName {
  const [found, source] = wrapped;
  if (found !== version) throw unknownFormat(wrapped);
  if (source === sources.file) return 'file';
  if (source === sources.passphrase) return 'passphrase';
  if (source === sources['approved-passphrase']) return 'passphrase';
  throw unknownFormat(wrapped);
}

function unapproved({ folder }: RootKeyOwner): ServerError {
  return new ServerError(
    'root-key-source-other',
    `the root key of ${folder} is derived from its passphrase with scrypt, which FIPS 140-3 does not ` +
      'approve; --fips needs a data folder that was created with a key file, or with --fips',
  );
}

function unknownFormat(wrapped: Buffer): ServerError {
  const [found = 0, source = 0] = wrapped;
  const text = `the wrapped key has version ${found}, source ${source} and ${wrapped.length} bytes`;
  return new ServerError('root-key-format-unknown', `${text}; version ${version} is known`);
}

async function random(size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  await promisify(randomFill)(bytes);
  return bytes;
}

/**
 * Creates the key file of a new data folder and returns the key. An existing file is reused, because
 * a copy of an earlier folder with the same path may need it. Reuse is safe: it wraps only data keys.
 */
async function makeKeyFile(path: string, folder: string): Promise<Buffer> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path)) return readKeyFile(path, folder);
  checkFolder(dirname(path));
  const key = await random(keyBytes);
  // The file is synced and renamed atomically, because a volume without its key is lost.
  const draft = `${path}.${process.pid}.new`;
  await rm(draft, { force: true }); // left by a killed process with the same id
  const file = await open(draft, 'wx', 0o600);
  await file.writeFile(`# Waxwing root key of ${JSON.stringify(folder)}\n${key.toString('hex')}\n`);
  await file.sync();
  await file.close();
  if (!(await giveName(draft, path))) return readKeyFile(path, folder);
  const parent = await open(dirname(path), 'r');
  await parent.sync();
  await parent.close();
  return key;
}

/** Gives a file its final name. Returns false if another file already has that name. */
async function giveName(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      await rename(draft, path); // the file system has no hard links
      return true;
    }
    await unlink(draft);
    return false;
  }
  await unlink(draft);
  return true;
}

async function readKeyFile(file: string, folder: string): Promise<Buffer> {
  const text = await readPrivate(file, 'the root key file', checkKeyFile).catch((error) => {
    throw error instanceof ServerError && error.code === 'root-key-missing'
      ? lostKey(folder, error)
      : error;
  });
  // An editor may have changed line ends to CR LF. The name of a folder may contain a lone CR.
  const [, digits = ''] = /^(?:#[^\n]*\n)*([0-9a-f]{64})\s*$/.exec(text) ?? [];
  if (digits !== '') return Buffer.from(digits, 'hex');
  const found = `${file} does not contain a root key; 64 hexadecimal digits were expected`;
  throw new ServerError('root-key-wrong', found);
}

function lostKey(folder: string, cause: Error): ServerError {
  const text = `${cause.message}. ${folder} cannot be opened without it: restore your copy of it`;
  const moved = 'if the folder was moved or copied, set WAXWING_ROOT_KEY_FILE to its key file';
  return new ServerError('root-key-missing', `${text}; ${moved}`, { cause });
}

async function readPassphrase(file: string | undefined): Promise<string> {
  const text = await readPrivate(file ?? '', 'the passphrase file', checkPassphraseFile);
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase.length >= passphraseLengthMin) return passphrase;
  const found = `the passphrase in ${file} has ${passphrase.length} characters`;
  throw new ServerError(
    'root-key-missing',
    `${found}; at least ${passphraseLengthMin} are required`,
  );
}

/** Reads a private file. The open file is checked, not its name. */
async function readPrivate(
  path: string,
  what: string,
  check: (path: string, found: Stats) => void,
): Promise<string> {
  const failed = (cause: NodeJS.ErrnoException) => {
    const how = cause.code === 'ENOENT' ? 'is missing' : `cannot be read: ${cause.code}`;
    throw new ServerError('root-key-missing', `${what} ${path} ${how}`, { cause });
  };
  // Opening a FIFO would block until there is a writer. O_NONBLOCK avoids this, and the FIFO is
  // refused.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(failed);
  try {
    const found = await file.stat();
    check(path, found);
    if (found.size > fileBytesMax) {
      const text = `${what} ${path} has ${found.size} bytes; at most ${fileBytesMax} are allowed`;
      throw new ServerError('root-key-wrong', text);
    }
    return await file.readFile('utf8').catch(failed);
  } finally {
    await file.close();
  }
}

/** @param how the source in the header, which decides about the function */
async function stretch(passphrase: string, salt: Buffer, how: number): Promise<Buffer> {
  const text = passphrase.normalize('NFC');
  return await new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer) => {
      if (error) reject(error);
      else resolve(key);
    };
    if (how === sources.passphrase) scrypt(text, salt, keyBytes, scryptParameters, done);
    else pbkdf2(text, salt, pbkdf2Iterations, keyBytes, 'sha512', done);
  });
}

/** Returns the authenticated data of the wrapped key: its header and the volume id. */
function bound(head: Buffer, volumeId: string): string {
  return `${head.toString('hex')} ${volumeId}`;
}
