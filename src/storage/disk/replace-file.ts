// Replacing a small file as a whole.

import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ReplaceOptions } from '../disk.ts';
import { FormerFile, openToErase, overwrite } from './former-file.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Creates or replaces a file, as `Disk.replace`. Steps that do not need each other are taken at the same
 * time, because each start waits for several replacements.
 */
export async function replaceFile(
  file: string,
  bytes: Uint8Array,
  { isErasing = false, after, replaced }: ReplaceOptions = {},
): Promise<void> {
  const draft = `${file}.new`;
  const steps = await Promise.allSettled([
    isErasing ? FormerFile.keep(file) : undefined,
    open(dirname(file), 'r'),
    writeDraft(draft, bytes, isErasing),
    after,
  ]);
  const [former, folder] = [fulfilled(steps[0]), fulfilled(steps[1])];
  try {
    for (const step of steps) if (step.status === 'rejected') throw step.reason;
    await rename(draft, file);
    // Until then, a power failure could bring the replaced contents back.
    await folder?.sync();
  } catch (error) {
    await former?.close();
    throw error;
  } finally {
    await folder?.close();
  }
  await replaced?.();
  await former?.erase();
}

function fulfilled<Value>(step: PromiseSettledResult<Value>): Value | undefined {
  return step.status === 'fulfilled' ? step.value : undefined;
}

/**
 * Writes and syncs a new file. A file that an interrupted attempt left is removed first.
 *
 * @param isErasing whether the contents of that one are overwritten
 */
async function writeDraft(draft: string, bytes: Uint8Array, isErasing: boolean): Promise<void> {
  const handle = await createDraft(draft, isErasing);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    const failed = error as NodeJS.ErrnoException; // an error of a file operation
    failed.path ??= draft;
    throw failed;
  } finally {
    await handle.close();
  }
}

async function createDraft(draft: string, isErasing: boolean): Promise<FileHandle> {
  const create = () => open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    return await create();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const left = isErasing ? await openToErase(draft) : undefined;
    if (left !== undefined) await overwrite(left);
    await unlink(draft);
    return create();
  }
}
