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

// The parts of an archive that name its files (APPNOTE.TXT of PKWARE, 4.3.12 and 4.3.16); sizes in bytes.
const end = { signature: Buffer.from('PK\x05\x06'), bytes: 22, listAt: 16 } as const;
const entry = { signature: Buffer.from('PK\x01\x02'), bytes: 46, nameLengthAt: 28 } as const;

/**
 * Whether the list of an archive's files contains a name of ASCII characters. Takes less time than
 * {@link readJar}, which reads the list. An archive without an end has no files: Java does not open it.
 */
export function listsFile(archive: Buffer, name: string): boolean {
  const endAt = archive.lastIndexOf(end.signature);
  if (endAt < 0 || endAt + end.bytes > archive.length) return false;
  const stated = archive.readUInt32LE(endAt + end.listAt);
  const listAt = stated < endAt ? stated : 0; // Zip64 states it elsewhere
  const list = archive.subarray(listAt, endAt);
  for (let at = list.indexOf(name); at >= 0; at = list.indexOf(name, at + 1)) {
    const from = at - entry.bytes;
    if (from < 0 || !list.subarray(from, from + 4).equals(entry.signature)) continue;
    if (list.readUInt16LE(from + entry.nameLengthAt) === name.length) return true;
  }
  return false;
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
