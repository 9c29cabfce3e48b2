// Copies what is new in a journal of KahaDB, which is in use, into another folder.

import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { batchMark, endMark, markBytes } from './journal-format.ts';
import {
  blockBytes,
  hasBatchAfter,
  openFile,
  readAt,
  readIntact,
  walk,
  windowBytes,
  writeAt,
} from './journal-walk.ts';

/** How a pass over a journal ended. */
export interface Pass {
  /** Bytes of batches that were compared or copied. */
  readonly bytes: number;
  /** Whether the copy has everything that was in the journal when the pass began. */
  readonly isWhole: boolean;
}

/** What is known of the copy of a file. */
interface Known {
  /** The size of the source and when it changed, as of the last copy; milliseconds. */
  readonly size: number;
  readonly changedMs: number;
  /** Whether an unchanged source needs no look. */
  readonly isSettled: boolean;
}

/** A file that is not changed for so long has no change that its time does not show, milliseconds. */
const settledMs = 2000;
/** The newest files of a copy, which are compared after a restart. */
const comparedCount = 2;
/** Time after which an incomplete batch, which others follow, is a damage; milliseconds. */
const tornMsMax = 30_000;

const filePattern = /^db-([1-9]\d{0,9})\.log$/;

/**
 * The copy of one journal: files with the same names and the same batches. A file is copied only when those before it are
 * complete, and is synced before the next one, so that the copy is a state that the journal had. Files that the source
 * has no more are removed when everything else is copied.
 *
 * New batches are written behind the mark of the end. They take effect when that mark is replaced, so that a crash leaves
 * a whole file.
 */
export class JournalCopy {
  readonly #from: string;
  readonly #to: string;
  readonly #known = new Map<number, Known>();
  #torn: { readonly place: string; readonly sinceMs: number } | undefined = undefined;

  /** Two folders. That of the copy is created when there is something to copy. */
  constructor(from: string, to: string) {
    this.#from = from;
    this.#to = to;
  }

  /**
   * Copies what is new.
   *
   * @param bytesMax the pass ends when so many are copied
   * @param isCompared whether all files that the copy has are compared with the source, instead of the newest
   * @param requireSource throws if the source cannot be read any more, so that its files only seem to be gone
   * @throws {Error} of the file system, or if the source is damaged
   */
  async pass(
    bytesMax: number,
    isCompared: boolean,
    requireSource: () => Promise<void>,
  ): Promise<Pass> {
    const ids = await idsIn(this.#from);
    const held = await idsIn(this.#to);
    if (ids.length > 0) await mkdir(this.#to, { recursive: true, mode: 0o700 });
    const trusted = new Set(isCompared ? [] : held.slice(0, -comparedCount));
    const present = new Set(ids);
    let bytes = 0;
    for (const id of ids) {
      const copied = await this.#copy(id, bytesMax - bytes, trusted.has(id));
      bytes += copied.bytes;
      if (!copied.isWhole) return { bytes, isWhole: false };
    }
    await requireSource();
    const gone = held.filter((id) => !present.has(id));
    for (const id of gone) await unlink(join(this.#to, nameOf(id)));
    if (gone.length > 0) await syncFolder(this.#to);
    for (const id of this.#known.keys()) if (!present.has(id)) this.#known.delete(id);
    return { bytes, isWhole: true };
  }

  async #copy(id: number, bytesMax: number, isTrusted: boolean): Promise<Pass> {
    const path = join(this.#from, nameOf(id));
    const found = await stat(path).catch(ifMissing);
    if (found === undefined) return { bytes: 0, isWhole: false }; // removed since it was listed
    const known = this.#known.get(id);
    const isSame = known?.size === found.size && known.changedMs === found.mtimeMs;
    if (isSame && known.isSettled) return { bytes: 0, isWhole: true };
    const source = await openFile(path).catch(ifMissing);
    if (source === undefined) return { bytes: 0, isWhole: false };
    try {
      const target = await this.#target(id);
      try {
        const isAlike = (known !== undefined || isTrusted) && (await areAlike(source, target));
        const compared = isAlike ? 0 : await comparedBytes(source, target);
        const from = await endOf(target);
        const { at, next } = await append(source, target, from, bytesMax);
        const isTorn = next === 'invalid' && (await this.#isTorn(source, id, at));
        const isEnd = next !== 'stopped' && !isTorn;
        const isSettled = isEnd && systemClock.nowMs() - found.mtimeMs > settledMs;
        this.#known.set(id, { size: found.size, changedMs: found.mtimeMs, isSettled });
        return { bytes: compared + at - from, isWhole: isEnd };
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  }

  /** Opens the copy of a file. A new one has the mark of its end. */
  async #target(id: number): Promise<FileHandle> {
    const path = join(this.#to, nameOf(id));
    const target = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const { size } = await target.stat();
    if (size >= markBytes) return target;
    await writeAt(target, endMark, 0);
    await syncFolder(this.#to);
    return target;
  }

  /**
   * Whether batches follow one that is not whole. It was being written, or is damaged. If none follows, a crash has left
   * a part of one, or it is the newest.
   *
   * @throws {Error} if it is damaged
   */
  async #isTorn(source: FileHandle, id: number, at: number): Promise<boolean> {
    if (!(await hasBatchAfter(source, at))) return false;
    const place = `${nameOf(id)} at ${at}`;
    const nowMs = systemClock.monotonicMs();
    if (this.#torn?.place !== place) this.#torn = { place, sinceMs: nowMs };
    if (nowMs - this.#torn.sinceMs < tornMsMax) return true;
    throw new Error(`the journal of the primary is damaged: no whole batch in ${place}`);
  }
}

/**
 * Whether a file of a copy ends with the mark, and its beginning and end are those of its source. KahaDB gives the
 * number of a file that it has removed to a new one, if no file with a higher number was there at its start.
 */
async function areAlike(source: FileHandle, target: FileHandle): Promise<boolean> {
  const at = await endOf(target);
  const last = await readIntact(target, Buffer.alloc(markBytes), at);
  if (!last.equals(endMark)) return false;
  const length = Math.min(at, blockBytes);
  for (const from of [0, at - length]) {
    const [here, there] = [Buffer.alloc(length), Buffer.alloc(length)];
    const copied = await readIntact(target, here, from);
    if (copied.length < length || !copied.equals(await readAt(source, there, from))) return false;
  }
  return true;
}

/**
 * Cuts a file of a copy where it differs from its source.
 *
 * @returns how many bytes were compared
 */
async function comparedBytes(source: FileHandle, target: FileHandle): Promise<number> {
  const other = Buffer.allocUnsafe(windowBytes);
  const isEqual = async (bytes: Buffer, at: number) =>
    bytes.equals(await readAt(source, other.subarray(0, bytes.length), at));
  const { at } = await walk(target, 0, Number.POSITIVE_INFINITY, isEqual, readIntact);
  await cut(target, at);
  return at;
}

/** Copies whole batches from a position of a file, where its copy ends. */
async function append(source: FileHandle, target: FileHandle, from: number, bytesMax: number) {
  const walked = await walk(source, from, bytesMax, async (bytes, at) => {
    // The place of the mark is written last.
    const skipped = Math.max(0, from + markBytes - at);
    await writeAt(target, bytes.subarray(skipped), at + skipped);
    return true;
  });
  // Parts of a large batch that is not whole may have been written.
  if (walked.at > from || walked.next === 'invalid') await cut(target, walked.at);
  if (walked.at === from) return walked;
  await writeAt(target, batchMark, from);
  await target.datasync();
  return walked;
}

/** Ends a file at a position, and syncs it. A block that cannot be decrypted is not read: it is behind that. */
async function cut(target: FileHandle, at: number): Promise<void> {
  const { size } = await target.stat();
  await target.truncate(Math.min(size, Math.ceil(at / blockBytes) * blockBytes));
  await writeAt(target, endMark, at);
  await target.truncate(at + markBytes);
  await target.datasync();
}

/** Where the batches of a copy end, which was cut there. Every file of a copy has at least the mark. */
async function endOf(target: FileHandle): Promise<number> {
  const { size } = await target.stat();
  return size - markBytes;
}

/** Cuts the newest files of a copied journal behind their last whole batch. */
export async function cutTorn(folder: string): Promise<void> {
  for (const id of (await idsIn(folder)).slice(-comparedCount)) {
    const file = await open(join(folder, nameOf(id)), 'r+');
    try {
      const any = async () => true;
      const { at } = await walk(file, 0, Number.POSITIVE_INFINITY, any, readIntact);
      await cut(file, at);
    } finally {
      await file.close();
    }
  }
}

/** Syncs the entries of a folder. */
export async function syncFolder(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The numbers of the files of a journal, lowest first. None if the folder does not exist. */
async function idsIn(folder: string): Promise<number[]> {
  const names = (await readdir(folder).catch(ifMissing)) ?? [];
  return names
    .flatMap((name) => {
      const [, id] = filePattern.exec(name) ?? [];
      return id === undefined ? [] : [Number(id)];
    })
    .sort((a, b) => a - b);
}

function nameOf(id: number): string {
  return `db-${id}.log`;
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
