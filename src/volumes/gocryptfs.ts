// The program gocryptfs: an encrypted file system over a folder, through FUSE.

import { type ChildProcess, spawn } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { keptText, plainEnvironment, runProgram } from '../base/programs/run-program.ts';
import { deriveKey } from '../crypto/derive.ts';
import { VolumeError } from './errors.ts';

/** The type of its mounts. */
export const mountType = 'fuse.gocryptfs';

/** The user and group that own all files of a mounted volume. */
export interface VolumeOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Its exit code if the password is wrong. */
const wrongPassword = 12;
const timeoutMs = 20_000;

const commonFlags = ['-q', '-nosyslog'] as const;
/**
 * The cost of scrypt, as a power of two. The password is a key of 256 bits, which nobody guesses.
 * The program permits no lower one.
 */
const scryptCost = '10';

/**
 * Formats a folder.
 *
 * @throws {VolumeError} `volume-failed`
 */
export async function formatFolder(folder: string, key: KeyObject, id: string): Promise<void> {
  const input = passwordOf(key, id);
  try {
    const args = [...commonFlags, '-init', '-scryptn', scryptCost, '--', folder];
    const { code, errors } = await runProgram('gocryptfs', args, { timeoutMs, input });
    if (code !== 0) {
      throw new VolumeError(
        'volume-failed',
        `gocryptfs cannot format ${folder}: ${errors || code}`,
      );
    }
  } finally {
    input.fill(0);
  }
}

/** A process that serves a mounted volume. Its end is the end of the mount. */
export interface MountProcess {
  readonly child: ChildProcess;
  /** What it has written to its outputs. */
  said(): string;
}

/**
 * Runs gocryptfs with the password from descriptor 3, until it ends or the other end of the standard
 * input is closed: the kernel closes it when the service ends, however it ends. A signal at the death
 * of the parent (prctl) is lost when a process changes its user. Then the mountpoint is freed, unless a later
 * start has mounted the volume again: without a process, a mounted folder cannot be read. That is asked for
 * once the process is gone and what the kernel keeps of its answers, for a second, has expired.
 */
const script = `
watch=$1
service=$2
shift 2
for mountpoint; do :; done
exec 4<&0 < /dev/null
"$@" <&3 3<&- 4<&- &
server=$!
exec 3<&-
setsid /bin/sh -c "$watch" watch "$server" "$mountpoint" "$service" > /dev/null 2>&1 &
exec 4<&-
wait "$server"
`;

/**
 * Waits until the other end of its input is closed, in a session of its own: {@link killMount} does not end it.
 * That happens when the service ends, and also when the process that serves the volume has ended. In the second
 * case, the service unmounts; the mount is freed here if the service is killed before it has. Nothing is waited for
 * without an end: a process that nobody waits for, as in a container, never goes away.
 */
const watch = `
read -r line <&4
kill -9 "$1"
looks=0
while kill -0 "$1" && [ $looks -lt 100 ]; do looks=$((looks + 1)); sleep 0.1; done
for look in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  sleep 1.5
  stat -- "$2" && exit
  case "$(sed 's/.*) \\(.\\).*/\\1/' "/proc/$3/stat")" in
    '' | Z | X) exec fusermount3 -u -z -- "$2" ;;
  esac
done
`;

/**
 * What gocryptfs runs as `fusermount3`: with the real user of the superuser again, because the program
 * grants others less. With `-p`, the shell keeps its effective user.
 */
const mountHelper = `#!/bin/sh -p
PATH=${plainEnvironment.PATH}
exec setpriv --ruid 0 -- fusermount3 "$@"
`;

/** Writes the helper that the superuser needs for {@link startMount} into a private folder. */
export async function writeMountHelper(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of ['fusermount3', 'fusermount']) {
    await writeFile(join(folder, name), mountHelper);
    await chmod(join(folder, name), 0o700);
  }
}

/**
 * Starts the process that serves a volume. The password is written to its input, and appears in
 * none of its arguments, variables or files. It is killed if this process ends.
 *
 * Of the superuser, its real user is the owner of the volume. With the superuser as the real one, it
 * would create each file as the user that asks for it, by changing the user of all of its threads:
 * calls at the same time then fail with EPERM or EACCES (gocryptfs 2.3).
 *
 * @param owner null if this process is not the superuser, and only its user uses the volume
 * @param helpers the folder of {@link writeMountHelper}
 */
export function startMount(
  folder: string,
  mountpoint: string,
  key: KeyObject,
  {
    id,
    owner,
    helpers,
  }: { readonly id: string; readonly owner: VolumeOwner | null; readonly helpers: string },
): MountProcess {
  const shared =
    owner === null ? [] : ['-allow_other', '-force_owner', `${owner.uid}:${owner.gid}`];
  // It is never given a master key: it would accept a wrong one and show an empty folder. It refuses
  // a wrong password.
  const user = owner === null ? [] : ['setpriv', '--ruid', String(owner.uid), '--'];
  const command = [...user, 'gocryptfs', ...commonFlags, '-fg', '-noexec', ...shared];
  const own = [watch, String(process.pid)];
  const args = ['-c', script, 'serve', ...own, ...command, '--', folder, mountpoint];
  const child = spawn('/bin/sh', args, {
    env: {
      ...plainEnvironment,
      ...(owner !== null && { PATH: `${helpers}:${plainEnvironment.PATH}` }),
    },
    cwd: '/',
    // A group of its own: Ctrl-C in a terminal must not end it before the engine.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const output = keptText(child.stdout);
  const errors = keptText(child.stderr);
  const password = passwordOf(key, id);
  const input = child.stdio[3] as Writable; // a pipe, as requested
  for (const stream of [child.stdin, input]) stream.on('error', () => {}); // it has ended
  input.end(password, () => password.fill(0));
  child.once('close', () => password.fill(0));
  return { child, said: () => [output(), errors()].filter((text) => text !== '').join('\n') };
}

/** Kills the process that serves a volume, and the shell that it runs in. */
export function killMount({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Why the process ended before it mounted the volume. */
export function mountFailure(code: number | null, said: string, id: string): VolumeError {
  if (code === wrongPassword) {
    return new VolumeError('volume-key-wrong', `the data key does not open volume ${id}`);
  }
  const text = `volume ${id} cannot be mounted: ${said || `exit code ${code}`}`;
  return new VolumeError('volume-failed', text);
}

/** The password of a volume: 64 hexadecimal digits. The caller overwrites them after use. */
function passwordOf(dataKey: KeyObject, id: string): Buffer {
  const info = 'waxwing encrypted volume: password of gocryptfs';
  const bytes = deriveKey(dataKey, Buffer.from(id), info).export();
  const digits = Buffer.alloc(bytes.length * 2);
  for (const [at, byte] of bytes.entries()) {
    digits[at * 2] = digit(byte >> 4);
    digits[at * 2 + 1] = digit(byte & 0xf);
  }
  bytes.fill(0);
  return digits;
}

/** Not a string, because strings cannot be overwritten. */
function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x61 + value - 10;
}
