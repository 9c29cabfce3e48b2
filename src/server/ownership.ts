// Checks of the owners and modes of files.

import { lstatSync, readFileSync, realpathSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ServerError } from './errors.ts';

/*
 * Checks of file owners and modes, similar to sshd with StrictModes. A path is safe if every folder
 * on it belongs to this user or root and nobody else may write in it. In a folder with the sticky
 * bit, such as /tmp, users cannot replace each other's files.
 */

const writableByOthers = 0o022;
const groupWrite = 0o020;
const otherWrite = 0o002;
const sticky = 0o1000;
const anythingForOthers = 0o077;
/** A secret that belongs to root may be readable by a group. */
const sharedByRoot = 0o040;

type Found = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** The effective user id of this process; undefined if the system has none. */
const me = (): number | undefined => process.geteuid?.();

/** The fields of a file in the format of /etc/passwd; empty if it cannot be read. */
function fieldsOf(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return []; // then no group is treated as private
  }
}

/** Whether a group is the private group of the owner, or of the user that runs this process. */
function isOwnGroup({ uid, gid }: Found): boolean {
  return isPrivateGroup(gid, uid) || isPrivateGroup(gid, me());
}

/**
 * Whether a group is the private group of a user. Many systems create one for each user, and new
 * folders are then writable by it. Kubernetes leaves the root of a volume to root, and makes it
 * writable by the group of the pod.
 */
function isPrivateGroup(gid: number, uid: number | undefined): boolean {
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
  const allowed =
    user === 0
      ? `root, or run this command as user ${uid}`
      : `user ${user}, which runs this process, or root`;
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
 * Checks that only this user and root can have changed the contents of a folder, or replaced it.
 *
 * @param proved folders that need no further check; checked folders are added
 * @returns the real path of the folder
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

/**
 * Checks a folder in which this user is going to create one. Unlike that one, it may have the sticky bit.
 *
 * @throws {ServerError} `not-private`
 * @throws {NodeJS.ErrnoException} `ENOENT`, `EACCES`
 */
export function checkFolderAbove(folder: string): void {
  if (me() !== undefined) checkParents(join(realpathSync(folder), 'new'));
}

/** Checks the parents of a path. They may have the sticky bit. */
function checkParents(real: string): void {
  let path = real;
  while (dirname(path) !== path) {
    path = dirname(path);
    checkFolderItself(path, lstatSync(path), true);
  }
}

/** Checks the folders on the path of a file. */
function checkWayTo(file: string): void {
  if (me() === undefined) return;
  // If the file is a symbolic link, the folders of both the link and the target are checked.
  checkParents(join(realpathSync(dirname(file)), basename(file)));
  checkParents(realpathSync(file));
}

/**
 * The bits of a mode that let others use a secret. Root may let a group of this user read its
 * secrets.
 */
export function bitsForOthers({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): number {
  const allowed = uid === 0 && me() !== 0 ? sharedByRoot : 0;
  return mode & anythingForOthers & ~allowed;
}

/**
 * Checks that a socket belongs to this user.
 *
 * @throws {ServerError} `not-private`
 * @throws {NodeJS.ErrnoException} `ENOENT`, `EACCES`
 */
export function checkSocket(file: string): void {
  const found = lstatSync(file);
  if (!found.isSocket())
    refuse(`${file} is not a socket; a running service would have created one`);
  checkOwner(file, found);
  if ((found.mode & anythingForOthers) === 0) return;
  refuse(`${file} has mode ${shown(found.mode)}: other users can open it; it must be 0600`);
}

/**
 * Checks that only this user, or root and its group, can use a root key file.
 *
 * @param found the result of fstat(2) on the open file
 * @throws {ServerError} `not-private`
 */
export function checkKeyFile(file: string, found: Stats): void {
  if (!found.isFile()) refuse(`${file} is not a regular file`);
  if (me() === undefined) return;
  checkOwner(file, found);
  checkWayTo(file);
  if (bitsForOthers(found) === 0) return;
  refuse(`${file} has mode ${shown(found.mode)}: other users can use it; run: chmod 600 '${file}'`);
}

/**
 * Checks that nobody else can have written a passphrase file, and that its owner has not made it
 * readable for others. A secret that root provides, for example to a container, may be readable. A
 * pipe is trusted like the process that passed it.
 *
 * @param found the result of fstat(2) on the open file
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
