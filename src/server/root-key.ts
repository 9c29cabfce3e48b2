import { randomFill, scrypt } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { openValue, sealedOverheadBytes, sealValue } from '../crypto/sealed-value.ts';
import { ServerError } from './errors.ts';

/**
 * The root key seals one thing: the data key of the system volume, beside which it is never kept.
 * A wrapped key is: version u8 (1), source u8, salt (16 bytes, passphrase only), nonce (12 bytes),
 * the sealed data key (32 bytes), tag (16 bytes); authenticated together with the volume's id.
 */
const version = 1;
const sources = { file: 1, passphrase: 2 } as const;
const keyBytes = 32;
const saltBytes = 16;

/** About a quarter of a second and 64 MiB for each guess (RFC 7914). */
const slowness = { N: 65_536, r: 8, p: 1, maxmem: 96 * 1024 * 1024 };

/** Characters that a passphrase has at least. */
const passphraseLengthMin = 12;

/** Where a root key comes from. */
export interface RootKeySource {
  /** `~/.config/waxwing` or what XDG_CONFIG_HOME makes of it. */
  readonly configFolder: string;
  /** Holds a passphrase, which is then used instead of a key file. */
  readonly passphraseFile: string | undefined;
}

/** The file that holds a volume's root key, where no passphrase does. */
export function rootKeyFile(source: RootKeySource, volumeId: string): string {
  return join(source.configFolder, `${volumeId}.key`);
}

/**
 * Makes the root key of a new system volume (a key file, where no passphrase is set) and wraps the
 * volume's data key with it.
 */
export async function wrapDataKey(
  source: RootKeySource,
  volumeId: string,
  dataKey: Buffer,
): Promise<Buffer> {
  if (source.passphraseFile === undefined) {
    const key = await random(keyBytes);
    await writeKeyFile(rootKeyFile(source, volumeId), key);
    return seal(Buffer.of(version, sources.file), key, volumeId, dataKey);
  }
  const salt = await random(saltBytes);
  const key = await stretch(await readPassphrase(source.passphraseFile), salt);
  const head = Buffer.concat([Buffer.of(version, sources.passphrase), salt]);
  return seal(head, key, volumeId, dataKey);
}

function seal(head: Buffer, key: Buffer, volumeId: string, dataKey: Buffer): Buffer {
  const sealed = sealValue(key, bound(head, volumeId), dataKey);
  key.fill(0);
  return Buffer.concat([head, sealed]);
}

/**
 * Opens the data key of a system volume.
 *
 * @returns 32 bytes, the caller's to overwrite
 * @throws {ServerError} `root-key-missing`, `root-key-wrong`, `root-key-format-unknown`
 */
export async function unwrapDataKey(
  source: RootKeySource,
  volumeId: string,
  wrapped: Buffer,
): Promise<Buffer> {
  const isFile = isFromFile(wrapped);
  const headBytes = isFile ? 2 : 2 + saltBytes;
  if (wrapped.length !== headBytes + keyBytes + sealedOverheadBytes) throw unknownFormat(wrapped);
  const head = wrapped.subarray(0, headBytes);
  const key = isFile
    ? await readKeyFile(rootKeyFile(source, volumeId))
    : await stretch(await readPassphrase(source.passphraseFile), head.subarray(2));
  try {
    return openValue(key, bound(head, volumeId), wrapped.subarray(headBytes));
  } catch (cause) {
    const where = isFile ? rootKeyFile(source, volumeId) : (source.passphraseFile ?? '');
    const what = isFile ? 'the key in' : 'the passphrase in';
    const text = `${what} ${where} is not the one that volume ${volumeId} was made with`;
    throw new ServerError('root-key-wrong', text, { cause });
  } finally {
    key.fill(0);
  }
}

/** Whether a wrapped key needs the key file, and not a passphrase. */
export function isFromFile(wrapped: Buffer): boolean {
  const [found, source] = wrapped;
  if (found !== version) throw unknownFormat(wrapped);
  if (source === sources.file) return true;
  if (source === sources.passphrase) return false;
  throw unknownFormat(wrapped);
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

/** Written through to the disk: a volume whose key is lost is lost. */
async function writeKeyFile(path: string, key: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600);
  await file.writeFile(`${key.toString('hex')}\n`);
  await file.sync();
  await file.close();
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
}

async function readKeyFile(file: string): Promise<Buffer> {
  const text = await readOrFail(file, 'the root key file');
  if (/^[0-9a-f]{64}\s*$/.test(text)) return Buffer.from(text.trim(), 'hex');
  const found = `${file} does not hold a root key; 64 hexadecimal digits were expected`;
  throw new ServerError('root-key-wrong', found);
}

async function readPassphrase(file: string | undefined): Promise<string> {
  if (file === undefined) {
    const text = 'the data folder opens with a passphrase: set WAXWING_ROOT_PASSPHRASE_FILE';
    throw new ServerError('root-key-missing', text);
  }
  const passphrase = (await readOrFail(file, 'the passphrase file')).replace(/\r?\n$/, '');
  if (passphrase.length >= passphraseLengthMin) return passphrase;
  const found = `the passphrase in ${file} has ${passphrase.length} characters`;
  throw new ServerError('root-key-missing', `${found}; at least ${passphraseLengthMin} are needed`);
}

async function readOrFail(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // a failed file operation has one
    throw new ServerError('root-key-missing', `${what} ${file} cannot be read: ${code}`, { cause });
  }
}

async function stretch(passphrase: string, salt: Buffer): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), salt, keyBytes, slowness, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/** What the data key is bound to: how its key came about, and whose it is. */
function bound(head: Buffer, volumeId: string): string {
  return `${head.toString('hex')} ${volumeId}`;
}
