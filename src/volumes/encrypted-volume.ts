// Encrypted folders for engines that do not encrypt what they store.

import type { ChildProcess } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { runProgram } from '../base/programs/run-program.ts';
import { VolumeError } from './errors.ts';
import {
  formatFolder,
  killMount,
  mountFailure,
  mountType,
  startMount,
  type VolumeOwner,
  writeMountHelper,
} from './gocryptfs.ts';
import { HealthProbe } from './health-probe.ts';
import {
  eraseFile,
  keyFileOf,
  readKeyFile,
  syncFolder,
  syncFolderOf,
  type WrappedVolumeKey,
  writeKeyFile,
} from './key-file.ts';
import {
  checkEmpty,
  createParents,
  prepareMountpoint,
  realMountpoint,
  removeMountpoint,
} from './mountpoint.ts';
import { deviceAbove, type Mount, mountsOn } from './mounts.ts';

/** Time in which a volume is mounted, or a process that serves one ends; milliseconds. */
const patienceMs = 10_000;
/** Time between two looks at the list of mounts. */
const lookMs = 10;
/** Checks of a volume that was just mounted, and the time between two of them. */
const firstChecksMax = 3;
const firstCheckMs = 500;

/** Where a volume is. */
export interface VolumePlace {
  /** `vol-` or `fs-`, and hexadecimal digits; part of what the password is derived from. */
  readonly id: string;
  /** The folder with the ciphertext and the wrapped keys. The folder above it must be private. */
  readonly folder: string;
  /** An absolute path outside of the folder; see `mountpointOf`. */
  readonly mountpoint: string;
}

/**
 * The state of a volume: `missing`: it was not created; `locked`: its data cannot be read;
 * `mounted`: a process of this one serves it; `fenced`: it is mounted, but every access fails, or an
 * earlier process of the service mounted it.
 */
export type EncryptedVolumeState = 'missing' | 'locked' | 'mounted' | 'fenced';

/** The process that serves the mounted volume. */
interface Serving {
  readonly child: ChildProcess;
  readonly device: string;
  isExpectedToEnd: boolean;
}

/**
 * A folder whose files are encrypted with a data key: for the files of engines that this project did
 * not write. Names, contents and attributes of files are encrypted with authentication, by
 * gocryptfs. Their number, approximate sizes and times are visible, and an older state of a file
 * is not recognised.
 *
 * The data key is in the memory of the process that serves the mounted volume, and nowhere else.
 * All files belong to the owner of the volume. Calls must not overlap.
 */
export class EncryptedVolume {
  readonly place: VolumePlace;
  readonly #ended: (detail: string) => void;
  readonly #probe: HealthProbe;
  #serving: Serving | undefined = undefined;

  /** @param ended the process that serves the volume ended unexpectedly: every access fails now */
  constructor(place: VolumePlace, ended: (detail: string) => void) {
    this.place = place;
    this.#ended = ended;
    this.#probe = new HealthProbe(place.mountpoint);
  }

  /**
   * Creates an empty volume. Remains of an earlier attempt are removed.
   *
   * @param dataKey 256 bits, unique per volume
   * @param wrappedKey the data key as wrapped by the key service, which is stored beside the data
   * @throws {VolumeError} `volume-failed`, `volume-busy`
   */
  async create(dataKey: KeyObject, wrappedKey: Buffer): Promise<void> {
    const { id, folder } = this.place;
    await this.lock({ isForced: true });
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await mkdir(this.#cipherFolder, { mode: 0o700 });
    await formatFolder(this.#cipherFolder, dataKey, id);
    await syncFolder(this.#cipherFolder);
    // Last: the volume exists when its keys are stored.
    await writeKeyFile(folder, id, [{ generation: 0, wrappedKey }]);
    await syncFolderOf(folder);
  }

  /**
   * Returns the wrapped data keys, the newest first.
   *
   * @throws {VolumeError} `volume-missing`, `volume-damaged`
   */
  wrappedKeys(): Promise<readonly WrappedVolumeKey[]> {
    return readKeyFile(this.place.folder, this.place.id);
  }

  /**
   * Replaces the wrapped forms of the data keys by one change. The data keys stay the same.
   *
   * @throws {VolumeError} `volume-missing`, `volume-damaged`
   */
  async rewrap(keys: readonly WrappedVolumeKey[]): Promise<void> {
    await this.wrappedKeys();
    await writeKeyFile(this.place.folder, this.place.id, keys);
  }

  /**
   * Mounts the volume and checks that it can be written. A mount that an earlier process left is
   * ended first.
   *
   * @param owner the user of the engine; required if this process is the superuser, ignored
   *   otherwise, when only the user of this process can use the volume
   * @returns the mountpoint
   * @throws {VolumeError} `volume-missing`, `volume-damaged`, `volume-key-wrong`, `volume-failed`,
   *   `volume-busy`, `mountpoint-unsafe`
   */
  async unlock(dataKey: KeyObject, owner: VolumeOwner): Promise<string> {
    const { mountpoint } = this.place;
    if ((await this.state()) === 'mounted') return mountpoint;
    await this.wrappedKeys();
    await createParents(mountpoint);
    await this.lock({ isForced: true });
    await prepareMountpoint(mountpoint);
    const problem = await this.#mount(dataKey, owner);
    if (problem === undefined) return mountpoint;
    await this.lock({ isForced: true });
    throw new VolumeError('volume-failed', `volume ${this.place.id} cannot be used: ${problem}`);
  }

  /**
   * Makes every access to the mounted volume fail from now on, including those that wait for it, and
   * destroys the copy of its key. Unlike {@link lock}, it does not wait for processes that use the
   * volume, which should then be killed.
   */
  async fence(): Promise<void> {
    if (this.#serving !== undefined) this.#serving.isExpectedToEnd = true;
    const [mount] = (await this.#mounts()).slice(-1);
    if (mount?.type === mountType) await abortConnection(mount, this.place.mountpoint);
    // The kernel also ends the connection when the process that serves it is gone.
    if (this.#serving === undefined) return;
    killMount(this.#serving.child);
    await endOf(this.#serving.child);
  }

  /**
   * Unmounts the volume, and with it ends the process that has its key.
   *
   * @param isForced whether to {@link fence} it first, and to wait until killed processes are gone
   * @throws {VolumeError} `volume-busy` if processes use it, `mountpoint-unsafe` if files were
   *   written to the folder below it
   */
  async lock({ isForced }: { readonly isForced: boolean }): Promise<void> {
    const { mountpoint } = this.place;
    if (isForced) await this.fence();
    const serving = this.#serving;
    if (serving !== undefined) serving.isExpectedToEnd = true;
    const endMs = systemClock.monotonicMs() + patienceMs;
    while ((await this.#mounts()).length > 0) {
      const args = ['-u', '--', mountpoint];
      const { errors, code } = await runProgram('fusermount3', args, { timeoutMs: patienceMs });
      if (code === 0) continue;
      if (isForced && systemClock.monotonicMs() < endMs) {
        await delay(lookMs * 5);
        continue;
      }
      if (serving !== undefined && !isForced) serving.isExpectedToEnd = false;
      throw this.#busy(errors === '' ? `fusermount3: ${code}` : errors);
    }
    if (serving !== undefined) await endOf(serving.child);
    this.#serving = undefined;
    if (!(await exists(mountpoint))) return;
    await checkEmpty(mountpoint);
    await removeMountpoint(mountpoint);
  }

  /** The state of the volume. It does not touch the mounted file system. */
  async state(): Promise<EncryptedVolumeState> {
    const mounts = await this.#mounts();
    if (mounts.length === 0) {
      return (await exists(keyFileOf(this.place.folder))) ? 'locked' : 'missing';
    }
    const serving = this.#serving;
    const [mount] = mounts;
    const isOwn =
      mounts.length === 1 && mount?.type === mountType && mount.device === serving?.device;
    return isOwn && serving?.isExpectedToEnd === false ? 'mounted' : 'fenced';
  }

  /**
   * Checks that the mounted volume can be read and written, within 2 s, in another process.
   *
   * @returns what is wrong; undefined if the volume is usable
   */
  async problem(): Promise<string | undefined> {
    const state = await this.state();
    return state === 'mounted' ? this.#probe.problem() : `the volume is ${state}`;
  }

  /**
   * Removes the volume. Its data can never be read again, even if its files are found: the wrapped
   * keys and the file with the key of gocryptfs are overwritten first.
   *
   * @throws {VolumeError} `volume-busy`
   */
  async destroy(): Promise<void> {
    const { folder, mountpoint } = this.place;
    await this.lock({ isForced: true });
    await eraseFile(keyFileOf(folder));
    await eraseFile(join(this.#cipherFolder, 'gocryptfs.conf'));
    await rm(folder, { recursive: true, force: true });
    if (await exists(mountpoint)) await rmdir(mountpoint);
  }

  get #cipherFolder(): string {
    return join(this.place.folder, 'cipher');
  }

  async #mounts(): Promise<Mount[]> {
    try {
      return await mountsOn(await realMountpoint(this.place.mountpoint));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return []; // the folder above does not exist yet
    }
  }

  /** Mounts the volume. Returns what is wrong with the mounted volume. */
  async #mount(dataKey: KeyObject, owner: VolumeOwner): Promise<string | undefined> {
    const { id, mountpoint } = this.place;
    const isSuperuser = process.geteuid?.() === 0;
    const helpers = join(this.place.folder, 'helpers');
    if (isSuperuser) await writeMountHelper(helpers);
    const { child, said } = startMount(this.#cipherFolder, mountpoint, dataKey, {
      id,
      owner: isSuperuser ? owner : null,
      helpers,
    });
    let failure: VolumeError | undefined;
    child.once('error', (error) => {
      failure = new VolumeError(
        'volumes-unsupported',
        `the shell cannot be started: ${error.message}`,
      );
    });
    child.once('close', (code) => {
      failure ??= mountFailure(code, said(), id);
    });
    const endMs = systemClock.monotonicMs() + patienceMs;
    let mounts = await this.#mounts();
    while (mounts.length === 0) {
      if (failure !== undefined) throw failure;
      if (systemClock.monotonicMs() > endMs) {
        killMount(child);
        await endOf(child);
        throw new VolumeError('volume-failed', `volume ${id} was not mounted within 10 s`);
      }
      await delay(lookMs);
      mounts = await this.#mounts();
    }
    const [mount] = mounts;
    const serving = { child, device: mount?.device ?? '', isExpectedToEnd: false };
    this.#serving = serving;
    child.once('close', (code, signal) => {
      if (!serving.isExpectedToEnd) this.#lost(serving, `${signal ?? code}: ${said()}`);
    });
    if (mounts.length > 1 || mount?.type !== mountType) return `${mount?.type} is mounted there`;
    if (mount.device === (await deviceAbove(mountpoint))) return 'nothing is mounted there';
    return this.#firstProblem();
  }

  /** A machine that is busy, or was suspended, is asked again. */
  async #firstProblem(): Promise<string | undefined> {
    for (let left = firstChecksMax; ; left -= 1) {
      const problem = await this.#probe.problem();
      if (problem === undefined || left === 1) return problem;
      await delay(firstCheckMs);
    }
  }

  #lost(serving: Serving, detail: string): void {
    serving.isExpectedToEnd = true; // what is mounted is of no use
    this.#ended(`the process that serves volume ${this.place.id} ended (${detail})`);
  }

  #busy(text: string): VolumeError {
    return new VolumeError('volume-busy', `volume ${this.place.id} cannot be unmounted: ${text}`);
  }
}

/**
 * Ends the connection between the kernel and the process that serves a mount, where permitted. Killing
 * the process is not always enough: it opens a file of its own mount when it starts, and a thread that
 * waits there for another opening keeps the connection.
 */
async function abortConnection({ device }: Mount, mountpoint: string): Promise<void> {
  const [, minor = ''] = device.split(':');
  try {
    await writeFile(`/sys/fs/fuse/connections/${minor}/abort`, '1');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Not mounted in containers, and only for the superuser.
    if (!['ENOENT', 'EACCES', 'EROFS', 'EPERM'].includes(code)) throw error;
    if (process.geteuid?.() !== 0) return;
    // Ends the connection too, and fails if something uses the mount. Without `-c`, it would wait for it.
    await runProgram('umount', ['-f', '-c', '--', mountpoint], { timeoutMs: patienceMs });
  }
}

/** Waits for the end of a process, which is killed if it takes too long. */
async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = systemClock.setTimeout(() => killMount(child), patienceMs);
  await once(child, 'exit');
  timer.clear();
}

/** Whether a path exists, other than on a mounted volume. */
async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
