// Verification of log and digest files without the service.

import { verify } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AuditError } from '../errors.ts';
import { type DigestFile, hashOf, signatureAlgorithm, textToSign } from './digest-file.ts';
import { fingerprintOf, readPublicKey } from './signing-keys.ts';

/** Maximum size of an uncompressed file, bytes. Larger ones are reported as invalid. */
const fileBytesMax = 256 * 1024 * 1024;

const uncompress = promisify(gunzip);

/** A file as it was delivered. */
export interface TrailFile {
  readonly body: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads the files of trails from wherever they are. */
export interface TrailFileReader {
  /** Names of all files. */
  files(): AsyncIterable<FileName>;
  /** Undefined if there is no such file. */
  read(name: FileName): Promise<TrailFile | undefined>;
}

/** The place of a file. */
export interface FileName {
  readonly bucket: string;
  readonly key: string;
}

/** The newest digest of a trail, which was noted elsewhere. */
export interface NotedDigest extends FileName {
  readonly signature: string;
}

/** What is verified, and with what. */
export interface VerificationOptions {
  /** Public keys, PKCS#1 DER. */
  readonly publicKeys: readonly Buffer[];
  /** Digests that must be there with these signatures. */
  readonly noted: readonly NotedDigest[];
  /** Digests that end before this time are not expected, milliseconds since 1970. */
  readonly fromMs: number;
}

/** The result for one file. */
export interface Verdict extends FileName {
  readonly kind: 'digest' | 'log';
  /** `pending`: not yet in a digest, so that changes cannot be found. */
  readonly state: 'valid' | 'invalid' | 'pending';
  /** Why it is not valid; empty if it is. */
  readonly why: string;
}

const digestName =
  /\/\d{12}_CloudTrail-Digest_[a-z0-9-]+_(.+)_[a-z0-9-]+_(\d{8}T\d{6}Z)\.json\.gz$/;
const logName = /\/\d{12}_CloudTrail_[a-z0-9-]+_\d{8}T\d{4}Z_\w{16}\.json\.gz$/;

interface DigestEntry extends FileName {
  readonly trail: string;
  /** `YYYYMMDDTHHMMSSZ`, the end of the time that it covers. */
  readonly time: string;
}

/**
 * Verifies the digest chain of each trail from its newest digest, and each log file in it. Finds
 * files that were changed, removed, added, moved or reordered.
 *
 * @returns a verdict for each file, in no particular order
 */
export async function* verifyTrailFiles(
  reader: TrailFileReader,
  options: VerificationOptions,
): AsyncGenerator<Verdict> {
  const digests: DigestEntry[] = [];
  const logs = new Map<string, FileName>();
  for await (const name of reader.files()) {
    const { bucket, key } = name;
    const [, trail = '', time] = digestName.exec(key) ?? [];
    if (time !== undefined) digests.push({ bucket, key, trail, time });
    else if (logName.test(key)) logs.set(pathOf(name), name);
  }
  const chains = new Map<string, DigestEntry[]>();
  for (const digest of digests) {
    const chain = chains.get(digest.trail) ?? [];
    chains.set(digest.trail, [...chain, digest]);
  }
  const check = new ChainVerification(reader, options, logs);
  for (const chain of chains.values()) yield* check.chain(chain);
  yield* check.noted(new Set(digests.map(pathOf)));
  yield* check.unlisted();
}

class ChainVerification {
  readonly #reader: TrailFileReader;
  readonly #options: VerificationOptions;
  /** Log files that no digest has listed so far. */
  readonly #unlisted: Map<string, FileName>;
  readonly #keys = new Map<string, Buffer>();
  /** The end of the newest valid digest, `YYYY-MM-DDTHH:MM:SSZ`. */
  #newestEnd = '';

  constructor(
    reader: TrailFileReader,
    options: VerificationOptions,
    logs: ReadonlyMap<string, FileName>,
  ) {
    this.#reader = reader;
    this.#options = options;
    this.#unlisted = new Map(logs);
    for (const der of options.publicKeys) this.#keys.set(fingerprintOf(der), der);
  }

  /** Verifies the digests of one trail. */
  async *chain(digests: readonly DigestEntry[]): AsyncGenerator<Verdict> {
    const byPath = new Map(digests.map((each) => [pathOf(each), each]));
    const ordered = [...digests].sort((a, b) => (a.time < b.time ? 1 : -1));
    const seen = new Set<string>();
    for (const newest of ordered) {
      let next: FileName | undefined = newest;
      let after: DigestFile | undefined;
      // Normally only the first is not seen. Others precede a digest that is missing or invalid, or
      // the beginning of a chain.
      while (next !== undefined && !seen.has(pathOf(next))) {
        seen.add(pathOf(next));
        const found: DigestFile | Verdict = await this.#digest(next, after);
        if ('state' in found) {
          yield found;
          break;
        }
        yield { ...nameOf(next), kind: 'digest', state: 'valid', why: '' };
        if (found.digestEndTime > this.#newestEnd) this.#newestEnd = found.digestEndTime;
        yield* this.#logs(found);
        after = found;
        next = this.#previousOf(found, byPath);
      }
    }
  }

  /** The digest to which a digest refers; undefined at the beginning of the chain. */
  #previousOf(
    { previousDigestS3Bucket: bucket, previousDigestS3Object: key }: DigestFile,
    known: ReadonlyMap<string, DigestEntry>,
  ): FileName | undefined {
    if (bucket === null || key === null) return undefined;
    const previous = { bucket, key };
    if (known.has(pathOf(previous))) return previous;
    const time = digestName.exec(key)?.[2] ?? '';
    return timeOf(time) < this.#options.fromMs ? undefined : previous;
  }

  /** Reads and verifies a digest. */
  async #digest(name: FileName, after: DigestFile | undefined): Promise<DigestFile | Verdict> {
    const file = await this.#reader.read(name);
    if (file === undefined) return invalid('digest', name, 'not found');
    const bytes = await contentsOf(file);
    const digest = bytes && digestOf(bytes);
    if (bytes === undefined || digest === undefined) {
      return invalid('digest', name, 'invalid format');
    }
    const problem = this.#problemOf(name, file, digest, hashOf(bytes), after);
    return problem === undefined ? digest : invalid('digest', name, problem);
  }

  #problemOf(
    { bucket, key }: FileName,
    { metadata }: TrailFile,
    digest: DigestFile,
    hash: string,
    after: DigestFile | undefined,
  ): string | undefined {
    if (digest.digestS3Bucket !== bucket || digest.digestS3Object !== key) {
      return 'has been moved from its original location';
    }
    const { signature } = metadata;
    if (signature === undefined || metadata['signature-algorithm'] !== signatureAlgorithm) {
      return 'has no signature';
    }
    const publicKey = this.#keys.get(digest.digestPublicKeyFingerprint);
    if (publicKey === undefined) {
      return `the public key ${digest.digestPublicKeyFingerprint} is not known`;
    }
    const text = Buffer.from(textToSign(digest, hash));
    if (!verify('sha256', text, readPublicKey(publicKey), Buffer.from(signature, 'hex'))) {
      return 'signature verification failed';
    }
    if (after === undefined) return undefined;
    if (after.previousDigestHashValue !== hash || after.previousDigestSignature !== signature) {
      return 'is not the digest to which the next one refers';
    }
    return undefined;
  }

  async *#logs({ logFiles }: DigestFile): AsyncGenerator<Verdict> {
    for (const { s3Bucket: bucket, s3Object: key, hashValue } of logFiles) {
      const name = { bucket, key };
      this.#unlisted.delete(pathOf(name));
      const file = await this.#reader.read(name);
      if (file === undefined) {
        yield invalid('log', name, 'not found');
        continue;
      }
      const bytes = await contentsOf(file);
      if (bytes === undefined) yield invalid('log', name, 'invalid format');
      else if (hashOf(bytes) !== hashValue) {
        yield invalid('log', name, "hash value doesn't match");
      } else yield { ...name, kind: 'log', state: 'valid', why: '' };
    }
  }

  /** Verifies that the digests that were noted elsewhere are still there. */
  async *noted(known: ReadonlySet<string>): AsyncGenerator<Verdict> {
    for (const { signature, ...name } of this.#options.noted) {
      if (!known.has(pathOf(name))) {
        yield invalid('digest', name, 'was noted elsewhere, and is not found');
        continue;
      }
      const file = await this.#reader.read(name);
      if (file?.metadata['signature'] !== signature) {
        yield invalid('digest', name, 'has another signature than was noted elsewhere');
      }
    }
  }

  /** Log files that are in no digest. Those from after the last digest are in the next one. */
  *unlisted(): Generator<Verdict> {
    const newest = this.#newestEnd.replace(/[-:]/g, '').slice(0, 13);
    for (const name of this.#unlisted.values()) {
      const time = /_(\d{8}T\d{4})Z_\w{16}\.json\.gz$/.exec(name.key)?.[1] ?? '';
      if (time >= newest) {
        const why = 'not yet in a digest';
        yield { ...name, kind: 'log', state: 'pending', why };
      } else if (timeOf(`${time}00Z`) >= this.#options.fromMs) {
        yield invalid('log', name, 'is in no digest');
      }
    }
  }
}

function invalid(kind: Verdict['kind'], name: FileName, why: string): Verdict {
  return { ...nameOf(name), kind, state: 'invalid', why };
}

function nameOf({ bucket, key }: FileName): FileName {
  return { bucket, key };
}

function pathOf({ bucket, key }: FileName): string {
  return `${bucket}/${key}`;
}

/** Milliseconds of a time in the form `YYYYMMDDTHHMMSSZ`. */
function timeOf(text: string): number {
  return Date.parse(text.replace(/^(....)(..)(..)T(..)(..)/, '$1-$2-$3T$4:$5:'));
}

/** The uncompressed contents; undefined if the file cannot be read. */
async function contentsOf({ body }: TrailFile): Promise<Buffer | undefined> {
  try {
    return await uncompress(body, { maxOutputLength: fileBytesMax });
  } catch {
    return undefined; // whatever it is, it is not what was delivered
  }
}

const requiredTexts = [
  'digestEndTime',
  'digestS3Bucket',
  'digestS3Object',
  'digestPublicKeyFingerprint',
] as const;
const previousMembers = [
  'previousDigestS3Bucket',
  'previousDigestS3Object',
  'previousDigestHashValue',
  'previousDigestSignature',
] as const;

/** Reads a digest; undefined if it does not have the members of one. */
function digestOf(bytes: Buffer): DigestFile | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const digest = value as Record<string, unknown>;
  const hasTexts = requiredTexts.every((name) => typeof digest[name] === 'string');
  const hasPrevious = previousMembers.every(
    (name) => digest[name] === null || typeof digest[name] === 'string',
  );
  const { logFiles } = digest;
  const hasFiles = Array.isArray(logFiles) && logFiles.every(isLogFile);
  // The members that are used have been checked.
  return hasTexts && hasPrevious && hasFiles ? (value as DigestFile) : undefined;
}

function isLogFile(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const file = value as Record<string, unknown>;
  return ['s3Bucket', 's3Object', 'hashValue'].every((name) => typeof file[name] === 'string');
}

/**
 * Reads public keys as `waxwing audit export` writes them.
 *
 * @throws {AuditError} `trail-file-invalid`
 */
export function readPublicKeys(text: string): Buffer[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { PublicKeyList: list } = (value ?? {}) as { PublicKeyList?: unknown };
  const values = Array.isArray(list)
    ? list.map((each) => (each as { Value?: unknown } | null)?.Value)
    : undefined;
  if (values?.every((each) => typeof each === 'string') !== true) {
    throw new AuditError('trail-file-invalid', 'the file of public keys is not valid');
  }
  return values.map((each) => Buffer.from(String(each), 'base64'));
}
