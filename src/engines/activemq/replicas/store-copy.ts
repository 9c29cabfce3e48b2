// Copies the stores of one broker to another: the journals of messages and of scheduled messages.

import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CopierRequest, MountedStore } from './copier-messages.ts';
import { cutTorn, JournalCopy, type Pass, syncFolder } from './journal-copy.ts';
import { openFile, readAt, windowBytes, writeAt } from './journal-walk.ts';

/** The folder with a copied index, in that of its store. */
const indexFolder = 'copied-index';
/** The files of an index, which can be made again from the journal. */
const indexFile = /^[\w.-]{1,100}\.(?:data|redo|free)$/;

/**
 * The copy of the stores of a volume to another one.
 *
 * Only relative paths of the target are written: its mountpoint is the working folder of this process, so that nothing
 * reaches the folder below a volume that is not mounted any more.
 */
export class StoreCopy {
  readonly #source: MountedStore | null;
  readonly #targetFolders: readonly string[];
  readonly #sourceFolders: readonly string[];
  readonly #journals: readonly JournalCopy[];
  #epoch: number | undefined = undefined;

  /** @param source null if nothing is copied */
  constructor(source: MountedStore | null, { brokerName }: Pick<MountedStore, 'brokerName'>) {
    this.#source = source;
    this.#targetFolders = foldersOf(brokerName);
    this.#sourceFolders =
      source === null
        ? []
        : foldersOf(source.brokerName).map((each) => join(source.mountpoint, each));
    this.#journals = this.#sourceFolders.map(
      (from, index) => new JournalCopy(from, this.#targetFolders[index] ?? ''),
    );
  }

  /** Carries out a request. */
  async act(request: CopierRequest): Promise<Pass> {
    await requireMounted('.');
    switch (request.type) {
      case 'wipe':
        return this.#wipe();
      case 'copy':
        return this.#copy(request.bytesMax, request.isCompared, request.epoch);
      case 'index':
        return this.#copyIndexes();
      case 'finish':
        return this.#finish(request.hasIndex);
    }
  }

  async #wipe(): Promise<Pass> {
    for (const folder of ['store', 'data']) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
    }
    await syncFolder('.');
    return { bytes: 0, isWhole: true };
  }

  /**
   * Scheduled messages come first: one that becomes due meanwhile is then there twice, instead of not at all.
   */
  async #copy(bytesMax: number, isCompared: boolean, epoch: number): Promise<Pass> {
    const { mountpoint = '' } = this.#source ?? {};
    const requireSource = async () => {
      await requireMounted(mountpoint);
      await stat(join(mountpoint, 'store'));
    };
    await requireSource();
    if (this.#epoch === undefined) await this.#removeIndexes();
    let bytes = 0;
    for (const journal of this.#journals) {
      const pass = await journal.pass(bytesMax - bytes, isCompared, requireSource);
      bytes += pass.bytes;
      if (!pass.isWhole) return { bytes, isWhole: false };
    }
    if (this.#epoch !== epoch) await writeEpoch(epoch);
    this.#epoch = epoch;
    return { bytes, isWhole: true };
  }

  /** A switchover that was given up has left them. */
  async #removeIndexes(): Promise<void> {
    for (const folder of this.#targetFolders) {
      await rm(join(folder, indexFolder), { recursive: true, force: true });
    }
  }

  async #copyIndexes(): Promise<Pass> {
    let bytes = 0;
    await this.#removeIndexes();
    for (const [index, from] of this.#sourceFolders.entries()) {
      const to = join(this.#targetFolders[index] ?? '', indexFolder);
      const names = (await namesIn(from)).filter((name) => indexFile.test(name));
      if (names.length === 0) continue;
      await mkdir(to, { recursive: true, mode: 0o700 });
      for (const name of names) bytes += await copyFile(join(from, name), join(to, name));
      await syncFolder(to);
      await syncFolder(dirname(to));
    }
    return { bytes, isWhole: true };
  }

  /** Can be repeated after a crash. */
  async #finish(hasIndex: boolean): Promise<Pass> {
    const schedulers = (await namesIn('data')).map((name) => join('data', name, 'scheduler'));
    for (const folder of ['store', ...schedulers]) {
      const names = await namesIn(folder);
      if (names.length === 0) continue;
      await cutTorn(folder);
      const copied = join(folder, indexFolder);
      if (hasIndex) {
        for (const name of await namesIn(copied)) {
          await rename(join(copied, name), join(folder, name));
        }
      } else {
        for (const name of names.filter((each) => indexFile.test(each))) {
          await rm(join(folder, name), { force: true });
        }
      }
      await rm(copied, { recursive: true, force: true });
      await syncFolder(folder);
    }
    return { bytes: 0, isWhole: true };
  }
}

/** The folders with the stores of a broker, in the order in which they are copied. */
function foldersOf(brokerName: string): string[] {
  return [join('data', brokerName, 'scheduler'), 'store'];
}

/** Refuses a folder on which no file system is mounted. */
async function requireMounted(folder: string): Promise<void> {
  const [own, above] = await Promise.all([stat(folder), stat(join(folder, '..'))]);
  if (own.dev === above.dev) throw new Error(`no volume is mounted on ${folder}`);
}

/** Writes the number of the mount that a copy has, as `countMount` reads it. */
async function writeEpoch(epoch: number): Promise<void> {
  const file = await open('mounts.new', 'w', 0o600);
  try {
    await file.writeFile(`${epoch}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename('mounts.new', 'mounts');
  await syncFolder('.');
}

async function copyFile(from: string, to: string): Promise<number> {
  const window = Buffer.allocUnsafe(windowBytes);
  const source = await openFile(from);
  try {
    const target = await open(to, 'w', 0o600);
    try {
      for (let at = 0; ; ) {
        const bytes = await readAt(source, window, at);
        if (bytes.length === 0) {
          await target.sync();
          return at;
        }
        await writeAt(target, bytes, at);
        at += bytes.length;
      }
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (['ENOENT', 'ENOTDIR'].includes(error.code ?? '')) return [];
    throw error;
  });
}
