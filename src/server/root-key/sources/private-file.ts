// Private files of sources.

import { constants, type Stats } from 'node:fs';
import { link, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ServerError } from '../../errors.ts';

/** Maximum size of the file of a source. */
const fileBytesMax = 16 * 1024;

/**
 * Reads a private file. The open file is checked, not its name. The caller overwrites the result
 * after use.
 *
 * @param what the file in words, for errors
 * @throws {ServerError} `root-key-missing`, `root-key-wrong`, `not-private`
 */
export async function readPrivate(
  path: string,
  what: string,
  check: (path: string, found: Stats) => void,
): Promise<Buffer> {
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
    return await file.readFile().catch(failed);
  } finally {
    await file.close();
  }
}

/**
 * Creates a private file durably.
 *
 * @returns false if another file already has that name, which is left as it is
 */
export async function createPrivate(path: string, contents: string | Buffer): Promise<boolean> {
  // The file is synced and renamed atomically, because a volume without its key is lost.
  const draft = `${path}.${process.pid}.new`;
  await rm(draft, { force: true }); // left by a killed process with the same id
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(contents);
    await file.sync();
  } catch (error) {
    await rm(draft, { force: true });
    throw Object.assign(error as Error, { path }); // errors of open files do not name them
  } finally {
    await file.close();
  }
  if (!(await giveName(draft, path))) return false;
  const parent = await open(dirname(path), 'r');
  await parent.sync();
  await parent.close();
  return true;
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

/**
 * Reads the digits of a root key: 64 hexadecimal digits, after lines that begin with `#`.
 *
 * @param where what contains them, for errors
 * @throws {ServerError} `root-key-wrong`
 */
export function keyInText(text: Buffer, where: string): Buffer {
  try {
    // An editor may have changed line ends to CR LF. The name of a folder may contain a lone CR.
    const [, digits = ''] = /^(?:#[^\n]*\n)*([0-9a-f]{64})\s*$/.exec(text.toString('utf8')) ?? [];
    if (digits !== '') return Buffer.from(digits, 'hex');
  } finally {
    text.fill(0);
  }
  const found = `${where} does not contain a root key; 64 hexadecimal digits were expected`;
  throw new ServerError('root-key-wrong', found);
}
