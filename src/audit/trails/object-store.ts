// The files that trails deliver, as sealed objects in buckets.

import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { openValue, sealValue } from '../../crypto/sealed-value.ts';
import type { Disk } from '../../storage/disk.ts';
import { StorageError } from '../../storage/errors.ts';
import { SealedFile, sealFile } from '../../storage/sealed-files/sealed-file.ts';
import { AuditError } from '../errors.ts';

/** What is known about an object without its contents. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** MD5 of the contents in quotes, as in S3; other digits where MD5 is not available. */
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Set if the contents are sealed under a KMS key, too. */
  readonly kmsKeyArn?: string;
}

/** A data key of a KMS key, under which one object is sealed. */
export interface ObjectDataKey {
  readonly kmsKeyArn: string;
  /** 32 bytes. Overwritten after use. */
  readonly plaintext: Buffer;
  readonly wrapped: Buffer;
  /** The encryption context with which it was generated. */
  readonly context: Readonly<Record<string, string>>;
}

/** Decrypts the data key of an object; 32 bytes, which are overwritten after use. */
export type DataKeyOpener = (
  kmsKeyArn: string,
  wrapped: Buffer,
  context: Readonly<Record<string, string>>,
) => Promise<Buffer>;

/** The parts that the store needs. */
export interface ObjectStoreParts {
  readonly disk: Disk;
  readonly folder: string;
  /** 256 bits, from which the key of each file is derived. */
  readonly key: KeyObject;
  readonly clock: Clock;
  readonly random: Random;
}

/** A page of a listing, in the order of the keys' bytes. */
export interface ObjectPage {
  readonly objects: readonly ObjectInfo[];
  readonly isTruncated: boolean;
}

/** The part of a file that states everything but the contents. */
interface StoredInfo extends Omit<ObjectInfo, 'key' | 'kmsKeyArn'> {
  readonly kms?: {
    readonly keyArn: string;
    readonly wrappedKey: string;
    readonly context: Readonly<Record<string, string>>;
  };
}

/** The ending of all files of trails. Other names are folders. */
const fileEnding = '.json.gz';
/** Maximum length of a key, bytes, as in S3. */
const keyBytesMax = 1024;
/** A part of a key that is a name of a file or folder. */
const segmentPattern = /^[\w!*'()-][\w.!*'()-]{0,254}$/;

/** Stores objects as sealed files: `BUCKET/KEY` in the folder. */
export class ObjectStore {
  readonly #parts: ObjectStoreParts;

  constructor(parts: ObjectStoreParts) {
    this.#parts = parts;
  }

  /**
   * Stores an object durably, in place of an earlier one with this key.
   *
   * @param dataKey seals the contents a second time
   */
  async put(
    bucket: string,
    key: string,
    body: Buffer,
    metadata: Readonly<Record<string, string>>,
    dataKey?: ObjectDataKey,
  ): Promise<void> {
    const { disk, clock, random } = this.#parts;
    const path = this.#pathOf(bucket, key);
    if (path === undefined) throw new Error(`${bucket}/${key} cannot be the name of a file`);
    const info: StoredInfo = {
      sizeBytes: body.length,
      modifiedMs: clock.nowMs(),
      etag: etagOf(body),
      metadata,
      ...(dataKey && {
        kms: {
          keyArn: dataKey.kmsKeyArn,
          wrappedKey: dataKey.wrapped.toString('base64'),
          context: dataKey.context,
        },
      }),
    };
    const name = `${bucket}/${key}`;
    const contents = dataKey ? sealedUnder(dataKey.plaintext, name, body) : body;
    const parts = [Buffer.from(JSON.stringify(info)), contents];
    await disk.createFolder(path.slice(0, path.lastIndexOf('/')));
    await disk.replace(path, sealFile(this.#parts.key, name, parts, random));
  }

  /**
   * Reads what is known about an object.
   *
   * @throws {AuditError} `no-such-object`
   * @throws {StorageError} `sealed-file-damaged`
   */
  async head(bucket: string, key: string): Promise<ObjectInfo> {
    const file = await this.#open(bucket, key);
    try {
      return shown(key, await infoOf(file));
    } finally {
      await file.close();
    }
  }

  /**
   * Reads an object.
   *
   * @param open decrypts its data key, if it is sealed under a KMS key
   * @throws {AuditError} `no-such-object`, `trail-file-invalid`
   */
  async get(
    bucket: string,
    key: string,
    open: DataKeyOpener,
  ): Promise<{ readonly info: ObjectInfo; readonly body: Buffer }> {
    try {
      return await this.#get(bucket, key, open);
    } catch (cause) {
      if (!(cause instanceof StorageError)) throw cause;
      const text = 'The object was changed or moved on the disk and cannot be opened.';
      throw new AuditError('trail-file-invalid', text, { cause });
    }
  }

  async #get(bucket: string, key: string, open: DataKeyOpener) {
    const file = await this.#open(bucket, key);
    try {
      const info = await infoOf(file);
      const contents = await file.part(1);
      const { kms } = info;
      if (kms === undefined) return { info: shown(key, info), body: contents };
      const wrapped = Buffer.from(kms.wrappedKey, 'base64');
      const dataKey = await open(kms.keyArn, wrapped, kms.context);
      const body = openedUnder(dataKey, `${bucket}/${key}`, contents);
      return { info: shown(key, info), body };
    } finally {
      await file.close();
    }
  }

  /**
   * Verifies that an object is unchanged, without the KMS key under which it may be sealed, too.
   *
   * @throws {AuditError} `no-such-object`
   * @throws {StorageError} `sealed-file-damaged`
   */
  async prove(bucket: string, key: string): Promise<void> {
    const file = await this.#open(bucket, key);
    try {
      for (const part of file.sizes.keys()) await file.part(part);
    } finally {
      await file.close();
    }
  }

  /**
   * Lists objects in the order of their keys.
   *
   * @param after the key after which the listing begins
   * @param limit 1 to 1000
   */
  async list(bucket: string, prefix: string, after: string, limit: number): Promise<ObjectPage> {
    const objects: ObjectInfo[] = [];
    for await (const key of this.#keys(bucket, '', prefix, after)) {
      if (objects.length === limit) return { objects, isTruncated: true };
      const info = await this.head(bucket, key).catch((error: unknown) => {
        // Listings also show files that are damaged, as other stores do.
        if (error instanceof AuditError) return undefined; // it was removed meanwhile
        return { key, sizeBytes: 0, modifiedMs: 0, etag: '""', metadata: {} };
      });
      if (info !== undefined) objects.push(info);
    }
    return { objects, isTruncated: false };
  }

  /** All keys of a bucket, in the order of their bytes. */
  keys(bucket: string): AsyncGenerator<string> {
    return this.#keys(bucket, '', '', '');
  }

  async *#keys(
    bucket: string,
    folder: string,
    prefix: string,
    after: string,
  ): AsyncGenerator<string> {
    const path = this.#folderOf(bucket, folder);
    const names = path === undefined ? [] : await this.#namesIn(path);
    // A folder is at the place of its name with a slash, which orders it among the keys.
    const entries = names
      .filter((name) => segmentPattern.test(name))
      .map((name) => folder + (name.endsWith(fileEnding) ? name : `${name}/`))
      .sort((a, b) => (a < b ? -1 : 1));
    for (const entry of entries) {
      if (!entry.endsWith('/')) {
        if (entry.startsWith(prefix) && entry > after) yield entry;
        continue;
      }
      const isWanted = entry.startsWith(prefix) || prefix.startsWith(entry);
      const isBefore = entry < after && !after.startsWith(entry);
      if (isWanted && !isBefore) yield* this.#keys(bucket, entry, prefix, after);
    }
  }

  async #namesIn(path: string): Promise<readonly string[]> {
    try {
      return await this.#parts.disk.list(path);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async #open(bucket: string, key: string): Promise<SealedFile> {
    const { disk, key: sealingKey } = this.#parts;
    const path = this.#pathOf(bucket, key);
    const missing = () => new AuditError('no-such-object', 'The specified key does not exist.');
    if (path === undefined) throw missing();
    try {
      return await SealedFile.open(disk, path, sealingKey, `${bucket}/${key}`);
    } catch (error) {
      throw isMissing(error) ? missing() : error;
    }
  }

  /** The path of an object; undefined if no object can have this key. */
  #pathOf(bucket: string, key: string): string | undefined {
    if (!key.endsWith(fileEnding)) return undefined;
    return this.#folderOf(bucket, key);
  }

  #folderOf(bucket: string, folder: string): string | undefined {
    if (Buffer.byteLength(folder) > keyBytesMax) return undefined;
    const segments = folder.replace(/\/$/, '').split('/');
    const all = folder === '' ? [bucket] : [bucket, ...segments];
    if (!all.every((segment) => segmentPattern.test(segment))) return undefined;
    return [this.#parts.folder, ...all].join('/');
  }
}

function sealedUnder(dataKey: Buffer, name: string, body: Buffer): Buffer {
  const key = createSecretKey(dataKey);
  dataKey.fill(0);
  return sealValue(key, name, body);
}

function openedUnder(dataKey: Buffer, name: string, contents: Buffer): Buffer {
  const key = createSecretKey(dataKey);
  dataKey.fill(0);
  return openValue(key, name, contents);
}

async function infoOf(file: SealedFile): Promise<StoredInfo> {
  // The part was written by put() and has been sealed since.
  return JSON.parse((await file.part(0)).toString('utf8')) as StoredInfo;
}

function shown(key: string, { kms, ...info }: StoredInfo): ObjectInfo {
  return { key, ...info, ...(kms && { kmsKeyArn: kms.keyArn }) };
}

function etagOf(body: Buffer): string {
  try {
    return `"${createHash('md5').update(body).digest('hex')}"`;
  } catch {
    return `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
