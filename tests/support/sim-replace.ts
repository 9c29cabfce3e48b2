// Replacing a small file of the simulated disk.

import { type DiskFile, fromCallback, type ReplaceOptions } from '../../src/storage/disk.ts';

/** The operations of a process that replaces a file. All of them are changes of the disk except `open`. */
export interface ReplacingDisk {
  /** Whether there is a file with this name. */
  has(name: string): boolean;
  /** Whether both names are of one file. */
  isSame(name: string, other: string): boolean;
  create(name: string): Promise<DiskFile>;
  open(name: string): Promise<DiskFile>;
  /** Gives a file another name. */
  link(name: string, other: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Syncs the folder of a file. */
  syncFolderOf(name: string): Promise<void>;
}

/** Takes the steps of `replaceFile` in src/storage/disk/replace-file.ts, at the same times. */
export async function simReplace(
  disk: ReplacingDisk,
  name: string,
  bytes: Uint8Array,
  { isErasing = false, after, replaced }: ReplaceOptions,
): Promise<void> {
  const draft = `${name}.new`;
  const [former, written, waited] = await Promise.allSettled([
    isErasing ? keep(disk, name) : undefined,
    writeDraft(disk, draft, bytes, isErasing),
    after,
  ]);
  for (const each of [former, written, waited]) {
    if (each.status === 'rejected') throw each.reason;
  }
  await disk.rename(draft, name);
  await disk.syncFolderOf(name);
  await replaced?.();
  const kept = former.status === 'fulfilled' ? former.value : undefined;
  if (kept === undefined) return;
  await overwrite(kept);
  await disk.remove(`${name}.old`);
}

async function keep(disk: ReplacingDisk, name: string): Promise<DiskFile | undefined> {
  const old = `${name}.old`;
  if (disk.has(old)) {
    if (!disk.has(name) || !disk.isSame(name, old)) {
      await disk.syncFolderOf(name);
      await overwrite(await disk.open(old));
    }
    await disk.remove(old);
  }
  if (!disk.has(name)) return undefined;
  const file = await disk.open(name);
  await disk.link(name, old);
  return file;
}

async function writeDraft(
  disk: ReplacingDisk,
  draft: string,
  bytes: Uint8Array,
  isErasing: boolean,
): Promise<void> {
  if (disk.has(draft)) {
    if (isErasing) await overwrite(await disk.open(draft));
    await disk.remove(draft);
  }
  const file = await disk.create(draft);
  await fromCallback((done) => file.write(0, [bytes], done));
  await fromCallback((done) => file.sync(done));
}

async function overwrite(file: DiskFile): Promise<void> {
  await fromCallback((done) => file.write(0, [Buffer.alloc(file.sizeBytes)], done));
  await fromCallback((done) => file.sync(done));
}
