// What is in a Java archive.

import { open } from 'node:fs/promises';
import { unzipSync } from 'fflate';

/** Maximum size of an archive that is read. Those of ActiveMQ have at most some MiB. */
const archiveBytesMax = 32 * 1024 * 1024;
const manifestBytesMax = 64 * 1024;
const entriesMax = 20_000;
const manifestName = 'META-INF/MANIFEST.MF';

/** The names of the files of an archive, and its description. */
export interface JarContents {
  readonly names: readonly string[];
  /** The text of its manifest; empty if there is none. */
  readonly manifest: string;
}

/** Reads an archive. Returns undefined if it cannot be read, or is too large. */
export async function readJar(path: string): Promise<JarContents | undefined> {
  const bytes = await readArchive(path);
  if (bytes === undefined) return undefined;
  const names: string[] = [];
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (names.length < entriesMax) names.push(name);
        return name === manifestName && originalSize <= manifestBytesMax;
      },
    });
    return { names, manifest: Buffer.from(files[manifestName] ?? []).toString('utf8') };
  } catch (error) {
    if (error instanceof Error) return undefined; // not an archive
    throw error;
  }
}

/** Returns the bytes of an archive; undefined if it cannot be read, or is too large. */
export async function readArchive(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      return size > archiveBytesMax ? undefined : await file.readFile();
    } finally {
      await file.close();
    }
  } catch {
    return undefined; // missing, or not readable for this user
  }
}
