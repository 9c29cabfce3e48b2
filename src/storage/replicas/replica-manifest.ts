// What a replica of a volume has, and how its data keys are wrapped.

import { StorageError } from '../errors.ts';
import type { Position, VolumeHeader, VolumeState, WrappedKey } from '../volume.ts';

/** The file that says what the folder of a replica has. */
export const manifestFile = 'replica';
/** The file with the wrapped data keys. */
export const keysFile = 'replica.keys';
/** Maximum size of both files, bytes. */
export const manifestBytesMax: number = 64 * 1024 * 1024;

/** The names of the files that a replica has from its primary. */
const segmentName = /^(seg|compact)-[1-9]\d{0,14}$/;

/** A complete state of a volume, in the folder of a replica. */
export interface ReplicaManifest {
  /** See {@link ReplicaSource}. */
  readonly lineage: number;
  /** The header at that state, without wrapped keys. */
  readonly header: Omit<VolumeHeader, 'wrappedKey' | 'olderKeys' | 'kind'> & {
    readonly olderGenerations: readonly number[];
  };
  /** The contents of the watermark. */
  readonly mark: Buffer;
  /** The files, and how many bytes of each belong to the state. */
  readonly files: ReadonlyMap<string, number>;
}

/** The wrapped data keys of a replica. */
export interface ReplicaKeys {
  readonly lineage: number;
  readonly keys: readonly WrappedKey[];
}

/**
 * Refuses names that are not those of segments.
 *
 * @throws {StorageError} `volume-damaged`
 */
export function requireSegmentName(name: string): void {
  if (segmentName.test(name)) return;
  throw new StorageError('volume-damaged', `${JSON.stringify(name)} is not a file of a replica`);
}

/** Whether a file in the folder of a replica is one of a volume. */
export function isSegmentFile(name: string): boolean {
  return segmentName.test(name) || /^free-\d+$/.test(name);
}

/** Encodes a manifest. */
export function encodeManifest({ lineage, header, mark, files }: ReplicaManifest): Buffer {
  const { endTag, ...fields } = header;
  const object = {
    format: 1,
    lineage,
    header: { ...fields, endTag: endTag.toString('base64') },
    mark: mark.toString('base64'),
    files: [...files],
  };
  return Buffer.from(JSON.stringify(object));
}

/**
 * Decodes a manifest.
 *
 * @param path for the error
 * @throws {StorageError} `format-too-new`, `volume-damaged`
 */
export function decodeManifest(bytes: Buffer, path: string): ReplicaManifest {
  const value = parsed(bytes, path);
  const { format, lineage, header, mark, files } = value;
  if (typeof format === 'number' && format > 1) {
    throw new StorageError('format-too-new', `${path} has format ${format}; 1 is supported`);
  }
  if (!isCount(lineage) || !isObject(header) || !Array.isArray(files)) throw damaged(path);
  const listed = new Map<string, number>();
  for (const file of files) {
    const [name, sizeBytes] = Array.isArray(file) ? file : [];
    if (typeof name !== 'string' || !isCount(sizeBytes)) throw damaged(path);
    requireSegmentName(name);
    listed.set(name, sizeBytes);
  }
  return {
    lineage,
    header: decodedHeader(header, path),
    mark: decoded(mark, path),
    files: listed,
  };
}

function decodedHeader(value: Fields, path: string): ReplicaManifest['header'] {
  const { format, id, generation, rewrapCount, epoch, state, position, endTag } = value;
  const { olderGenerations: older } = value;
  const isRight =
    [format, generation, rewrapCount, epoch].every(isCount) &&
    typeof id === 'string' &&
    (state === 'open' || state === 'closed') &&
    isObject(position) &&
    [position['segment'], position['blocks']].every(isCount) &&
    Array.isArray(older) &&
    older.every(isCount);
  const tag = decoded(endTag, path);
  if (!isRight || tag.length !== 16) throw damaged(path);
  return {
    format: format as number, // checked above, as are the others
    id,
    generation: generation as number,
    olderGenerations: older as number[],
    rewrapCount: rewrapCount as number,
    epoch: epoch as number,
    state: state as VolumeState,
    position: { segment: position['segment'], blocks: position['blocks'] } as Position,
    endTag: tag,
  };
}

/** Encodes wrapped data keys. */
export function encodeKeys({ lineage, keys }: ReplicaKeys): Buffer {
  const wrapped = keys.map(({ generation, wrappedKey }) => {
    return { generation, wrappedKey: wrappedKey.toString('base64') };
  });
  return Buffer.from(JSON.stringify({ format: 1, lineage, keys: wrapped }));
}

/**
 * Decodes wrapped data keys.
 *
 * @throws {StorageError} `volume-damaged`
 */
export function decodeKeys(bytes: Buffer, path: string): ReplicaKeys {
  const { lineage, keys } = parsed(bytes, path);
  if (!isCount(lineage) || !Array.isArray(keys)) throw damaged(path);
  const wrapped = keys.map((each: unknown): WrappedKey => {
    const { generation, wrappedKey } = isObject(each) ? each : {};
    if (!isCount(generation)) throw damaged(path);
    return { generation, wrappedKey: decoded(wrappedKey, path) };
  });
  return { lineage, keys: wrapped };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(bytes: Buffer, path: string): Fields {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (isObject(value)) return value;
  } catch {
    // The error of the parser would show a part of the file.
  }
  throw damaged(path);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function decoded(value: unknown, path: string): Buffer {
  if (typeof value !== 'string') throw damaged(path);
  return Buffer.from(value, 'base64');
}

function damaged(path: string): StorageError {
  return new StorageError('volume-damaged', `${path} is damaged`);
}
