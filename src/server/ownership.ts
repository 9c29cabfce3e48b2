import { lstatSync, readFileSync, realpathSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ServerError } from './errors.ts';

/*
 * What another user could have written is not believed: as sshd with StrictModes does for its keys.
 * A path is safe where each folder on it belongs to this user or root, and no one else may write in
 * it; in a folder with the sticky bit, as /tmp, nobody can replace what is another's.
 */

const writableByOthers = 0o022;
const groupWrite = 0o020;
const otherWrite = 0o002;
const sticky = 0o1000;
const anythingForOthers = 0o077;
/** A secret that root owns may be readable by the group that it is shared with. */
const sharedByRoot = 0o040;

type Found = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** The user that this process acts as; undefined where the system knows no such numbers. */
const me = (): number | undefined => process.geteuid?.();

/** Fields of the lines of a file as /etc/passwd; none where it cannot be read. */
function fieldsOf(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return []; // then no group counts as a user's own
  }
}

/**
 * Whether a group is the user's own and has nobody else in it. Many systems give each user one, and
 * new folders are then writable by it.
 */
function isOwnGroup({ uid, gid }: Found): boolean {
  const users = fieldsOf('/etc/passwd');
  const [name] = users.find(([, , id]) => id === String(uid)) ?? [];
  const group = fieldsOf('/etc/group').find(([, , id]) => id === String(gid));
  if (name === undefined || group?.[0] !== name) return false;
  const members = (group[3] ?? '').split(',').filter((member) => member !== '');
  const sharers = users.filter(([, , , id]) => id === String(gid)).map(([user]) => user);
  return [...members, ...sharers].every((other) => other === name);
}

function isWritableByOthers(found: Found): boolean {
  if ((found.mode & otherWrite) !== 0) return true;
  return (found.mode & groupWrite) !== 0 && !isOwnGroup(found);
}

const shown = (mode: number) => `0${(mode & 0o7777).toString(8)}`;

function refuse(text: string): never {
  throw new ServerError('not-private', text);
}

function checkOwner(path: string, { uid }: Found): void {
  const user = me();
  if (user === undefined || uid === user || uid === 0) return;
  const allowed = user === 0 ? 'root' : `user ${user}, which runs this, or root`;
  refuse(
    `${path} belongs to user ${uid}, who can change what is in it; it must belong to ${allowed}`,
  );
}

function checkFolderItself(path: string, found: Found, isParent: boolean): void {
  checkOwner(path, found);
  if (!isWritableByOthers(found) || (isParent && (found.mode & sticky) !== 0)) return;
  const mode = shown(found.mode);
  refuse(`${path} has mode ${mode}: other users can write in it; run: chmod go-w '${path}'`);
}

/**
 * Proves that only this user and root can have changed what is in a folder, or put another in its
 * place.
 *
 * @param proved folders that need not be looked at again; the ones looked at are added
 * @returns the folder's real path
 * @throws {ServerError} `not-private`
 * @throws {NodeJS.ErrnoException} `ENOENT`, `EACCES`
 */
export function checkFolder(folder: string, proved: Set<string> = new Set()): string {
  const real = realpathSync(folder);
  if (me() === undefined) return real;
  for (let path = real; !proved.has(path); path = dirname(path)) {
    checkFolderItself(path, lstatSync(path), path !== real);
    proved.add(path);
  }
  return real;
}

/** The same for what lies in a folder: the folder may have the sticky bit. */
function checkParents(real: string): void {
  let path = real;
  while (dirname(path) !== path) {
    path = dirname(path);
    checkFolderItself(path, lstatSync(path), true);
  }
}

/** The same for the folders that a file is reached by. */
function checkWayTo(file: string): void {
  if (me() === undefined) return;
  // Where the file's name is a symbolic link, the folder of the link counts as much as the target's.
  checkParents(join(realpathSync(dirname(file)), basename(file)));
  checkParents(realpathSync(file));
}

/**
 * Proves that the socket in a folder is this user's.
 *
 * @throws {ServerError} `not-private`
 * @throws {NodeJS.ErrnoException} `ENOENT`, `EACCES`
 */
export function checkSocket(file: string): void {
  const found = lstatSync(file);
  if (!found.isSocket()) refuse(`${file} is no socket; a running service would have made one`);
  checkOwner(file, found);
  if ((found.mode & anythingForOthers) === 0) return;
  refuse(`${file} has mode ${shown(found.mode)}: other users can open it; it must be 0600`);
}

/**
 * Proves that a file with a root key is for this user, or root and those it shares it with, alone.
 *
 * @param found what fstat(2) says of the open file
 * @throws {ServerError} `not-private`
 */
export function checkKeyFile(file: string, found: Stats): void {
  if (!found.isFile()) refuse(`${file} is no regular file`);
  if (me() === undefined) return;
  checkOwner(file, found);
  checkWayTo(file);
  const allowed = found.uid === 0 && me() !== 0 ? sharedByRoot : 0;
  if ((found.mode & anythingForOthers & ~allowed) === 0) return;
  refuse(`${file} has mode ${shown(found.mode)}: other users can use it; run: chmod 600 '${file}'`);
}

/**
 * Proves that nobody else can have written a file with a passphrase, and that the user who runs this
 * does not leave it readable. A secret that root hands out, as to a container, may be readable. A
 * pipe is as good as who gave it.
 *
 * @param found what fstat(2) says of the open file
 * @throws {ServerError} `not-private`
 */
export function checkPassphraseFile(file: string, found: Stats): void {
  if (!found.isFile() || me() === undefined) return;
  checkOwner(file, found);
  checkWayTo(file);
  const forbidden = found.uid === 0 ? writableByOthers : anythingForOthers;
  if ((found.mode & forbidden) === 0) return;
  refuse(`${file} has mode ${shown(found.mode)}: other users can use it; run: chmod 600 '${file}'`);
}
