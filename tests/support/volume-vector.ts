// Test vectors of volumes.

import { keyFromBytes } from '../../src/crypto/derive.ts';
import type { DataKeys } from '../../src/storage/volume.ts';
import { MemoryDisk } from './memory-disk.ts';

/** Which part of a reader must refuse: the header alone, recovery, or only who reads everything. */
export type Refuser = 'header' | 'recovery' | 'check';

/** A small volume and what a reader must make of it. */
export interface VolumeVector {
  readonly about: string;
  /** The newest in hex, then `,generation:hex` for each older one. */
  readonly dataKey: string;
  /** Files of the volume's folder by name. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** Undefined if the volume opens. */
  readonly refusal?: { readonly code: string; readonly by: Refuser; readonly file: string };
  /** Every record, a line of JSON each; none for a volume that is refused. */
  readonly records: readonly string[];
  /** Which messages are live after recovery, a line of JSON for each queue. */
  readonly live: readonly string[];
}

/** The data keys that a vector gives. */
export function keysOf(text: string): DataKeys {
  const [newest = '', ...older] = text.split(',');
  const key = (hex: string) => keyFromBytes(Buffer.from(hex, 'hex'));
  const pairs = older.map((each) => each.split(':'));
  const byGeneration = pairs.map(
    ([generation, hex = '']) => [Number(generation), key(hex)] as const,
  );
  return { newest: key(newest), older: new Map(byGeneration) };
}

const rowBytes = 48;
const folder = '/v';

/** The bytes as lines of hex, zeros counted. */
function hexLines(bytes: Buffer): string[] {
  const lines: string[] = [];
  let zeros = 0;
  const endZeros = () => {
    if (zeros > 0) lines.push(`zeros ${zeros}`);
    zeros = 0;
  };
  for (let at = 0; at < bytes.length; at += rowBytes) {
    const row = bytes.subarray(at, at + rowBytes);
    if (row.every((byte) => byte === 0)) zeros += row.length;
    else {
      endZeros();
      lines.push(row.toString('hex'));
    }
  }
  endZeros();
  return lines;
}

/** A vector as its file says it: header lines, an empty line, then parts that begin with `==`. */
export function vectorText(vector: VolumeVector): string {
  const { about, dataKey, refusal, files, records, live } = vector;
  const lines = [
    `about: ${about}`,
    `data-key: ${dataKey}`,
    `expect: ${refusal?.code ?? 'records'}`,
  ];
  if (refusal !== undefined) lines.push(`refused-by: ${refusal.by}`, `names: ${refusal.file}`);
  lines.push('');
  for (const [name, bytes] of Object.entries(files)) {
    lines.push(`== file ${name} ${bytes.length}`, ...hexLines(bytes));
  }
  if (refusal === undefined) lines.push('== records', ...records);
  if (live.length > 0) lines.push('== live', ...live);
  return `${lines.join('\n')}\n`;
}

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.concat(
    lines.map((line) => {
      const [, count] = /^zeros (\d+)$/.exec(line) ?? [];
      return count === undefined ? Buffer.from(line, 'hex') : Buffer.alloc(Number(count));
    }),
  );
}

/** Reads what {@link vectorText} made. */
export function parseVector(text: string): VolumeVector {
  const [head = '', ...bodies] = text.split('\n\n');
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(head)?.[1] ?? '';
  const files: Record<string, Buffer> = {};
  const lists = { records: [] as string[], live: [] as string[] };
  for (const part of bodies.join('\n\n').split(/^== /m).slice(1)) {
    const [title = '', ...lines] = part.trimEnd().split('\n');
    const [, name] = /^file (\S+)/.exec(title) ?? [];
    if (name !== undefined) files[name] = bytesOf(lines);
    else if (title === 'records' || title === 'live') lists[title] = lines;
  }
  const vector = { about: field('about'), dataKey: field('data-key'), files, ...lists };
  const code = field('expect');
  if (code === 'records') return vector;
  const by = field('refused-by') as Refuser; // one of the three, as the generator wrote it
  return { ...vector, refusal: { code, by, file: field('names') } };
}

/** The files of a disk's folder `/v`, sorted by name. */
export function filesOf(disk: MemoryDisk): Record<string, Buffer> {
  const names = disk.names.filter((name) => name.startsWith(`${folder}/`));
  return Object.fromEntries(
    names.map((name) => [name.slice(folder.length + 1), Buffer.from(disk.bytes(name))]),
  );
}

/** A disk with a vector's files in its folder `/v`. */
export function diskOf(vector: VolumeVector): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [name, bytes] of Object.entries(vector.files)) disk.put(`${folder}/${name}`, bytes);
  return disk;
}
