// Verification of the digest chain of a trail, and of the log files in it, by the browser.

import { readFile, type TrailFile } from './bucket.ts';

/** A digest, as far as it is used. Members of the one before are null in the first digest. */
interface Digest {
  readonly digestEndTime: string;
  readonly digestS3Bucket: string;
  readonly digestS3Object: string;
  readonly digestPublicKeyFingerprint: string;
  readonly previousDigestS3Bucket: string | null;
  readonly previousDigestS3Object: string | null;
  readonly previousDigestHashValue: string | null;
  readonly previousDigestSignature: string | null;
  readonly logFiles: readonly LogFile[];
}

interface LogFile {
  readonly s3Bucket: string;
  readonly s3Object: string;
  readonly hashValue: string;
}

/** Where a file is. */
interface Place {
  readonly bucket: string;
  readonly key: string;
}

/** A file that is not what was delivered. */
export interface Problem {
  readonly kind: 'Digest' | 'Log file';
  readonly key: string;
  readonly why: string;
}

/** How far a verification is. */
export interface Progress {
  readonly digests: number;
  readonly logFiles: number;
  /** The end of the oldest digest that was verified; empty before the first. */
  readonly since: string;
  readonly problems: readonly Problem[];
  /** Whether files are left out because there are too many problems. */
  readonly isCutShort: boolean;
}

/** What is verified, and with what. */
export interface Chain {
  /** Where the trail delivers now. Older digests may be in other buckets, and are found by the chain. */
  readonly bucket: string;
  /** The names of the digests in the bucket, the oldest first. */
  readonly digests: readonly string[];
  /** Public keys by their fingerprint, PKCS#1 DER. */
  readonly publicKeys: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** Digests that end before this time are not verified, milliseconds since 1970. */
  readonly fromMs: number;
}

/** Maximum number of problems that are listed. */
const problemCountMax = 1000;

/** Verifies a chain from its newest digest. Yields how far it is after each digest. */
export async function* verifyChain(chain: Chain): AsyncGenerator<Progress> {
  const run = new Verification(chain);
  const seen = new Set<string>();
  // Normally only the newest is not seen. Others precede a digest that is missing or invalid.
  for (const key of chain.digests.filter(run.isInTime).reverse()) {
    let next: Place | undefined = { bucket: chain.bucket, key };
    let after: Digest | undefined;
    while (next !== undefined && !seen.has(pathOf(next)) && run.isOpen) {
      seen.add(pathOf(next));
      after = await run.digest(next, after);
      yield run.progress;
      next = after === undefined ? undefined : run.previousOf(after);
    }
  }
}

class Verification {
  readonly #chain: Chain;
  readonly #problems: Problem[] = [];
  #digests = 0;
  #logFiles = 0;
  #since = '';

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  get isOpen(): boolean {
    return this.#problems.length < problemCountMax;
  }

  get progress(): Progress {
    const [digests, logFiles, since] = [this.#digests, this.#logFiles, this.#since];
    return { digests, logFiles, since, problems: [...this.#problems], isCutShort: !this.isOpen };
  }

  /** Whether a digest of this name is in the time that is verified. */
  readonly isInTime = (key: string): boolean => !(endOf(key) < this.#chain.fromMs);

  /** The digest before one; undefined at the beginning of the chain, or of the time that is verified. */
  previousOf({ previousDigestS3Bucket, previousDigestS3Object: key }: Digest): Place | undefined {
    if (key === null || !this.isInTime(key)) return undefined;
    return { bucket: previousDigestS3Bucket ?? this.#chain.bucket, key };
  }

  /** Verifies a digest and its log files; undefined if it is not valid. */
  async digest(place: Place, after: Digest | undefined): Promise<Digest | undefined> {
    const { bucket, key } = place;
    this.#digests += 1;
    const file = await readFile(bucket, key);
    if (file === undefined) return this.#found('Digest', key, 'is missing or unreadable');
    const digest = digestOf(file.bytes);
    if (digest === undefined) return this.#found('Digest', key, 'is no digest');
    const why = await this.#problemOf(place, file, digest, after);
    if (why !== undefined) return this.#found('Digest', key, why);
    this.#since = digest.digestEndTime;
    for (const log of digest.logFiles) await this.#log(log);
    return digest;
  }

  async #problemOf(
    place: Place,
    { bytes, signature }: TrailFile,
    digest: Digest,
    after: Digest | undefined,
  ): Promise<string | undefined> {
    const { bucket, key } = place;
    if (digest.digestS3Bucket !== bucket || digest.digestS3Object !== key) return 'was moved';
    if (signature === undefined) return 'has no signature';
    const publicKey = this.#chain.publicKeys.get(digest.digestPublicKeyFingerprint);
    if (publicKey === undefined) return 'is signed with an unknown key';
    const hash = await hashOf(bytes);
    const before = digest.previousDigestSignature ?? 'null';
    const text = [digest.digestEndTime, pathOf(place), hash, before].join('\n');
    if (!(await isSigned(text, signature, publicKey))) return 'has a wrong signature';
    if (after === undefined) return undefined;
    const isNext =
      after.previousDigestHashValue === hash && after.previousDigestSignature === signature;
    return isNext ? undefined : 'is not the digest to which the next one refers';
  }

  async #log({ s3Bucket, s3Object, hashValue }: LogFile): Promise<void> {
    this.#logFiles += 1;
    const file = await readFile(s3Bucket, s3Object);
    if (file === undefined) this.#found('Log file', s3Object, 'is missing or unreadable');
    else if ((await hashOf(file.bytes)) !== hashValue) {
      this.#found('Log file', s3Object, 'was changed');
    }
  }

  #found(kind: Problem['kind'], key: string, why: string): undefined {
    if (this.isOpen) this.#problems.push({ kind, key, why });
  }
}

function pathOf({ bucket, key }: Place): string {
  return `${bucket}/${key}`;
}

/** The end of a digest by its name, milliseconds since 1970. */
function endOf(key: string): number {
  const [, time = ''] = /_(\d{8}T\d{6}Z)\.json\.gz$/.exec(key) ?? [];
  return Date.parse(time.replace(/^(....)(..)(..)T(..)(..)/, '$1-$2-$3T$4:$5:'));
}

const texts = ['digestEndTime', 'digestS3Bucket', 'digestS3Object', 'digestPublicKeyFingerprint'];
const previous = [
  'previousDigestS3Bucket',
  'previousDigestS3Object',
  'previousDigestHashValue',
  'previousDigestSignature',
];

/** Reads a digest; undefined if it does not have the members of one. */
function digestOf(bytes: Uint8Array): Digest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const digest = value as Record<string, unknown>;
  const { logFiles } = digest;
  const isDigest =
    texts.every((name) => typeof digest[name] === 'string') &&
    previous.every((name) => digest[name] === null || typeof digest[name] === 'string') &&
    Array.isArray(logFiles) &&
    logFiles.every(isLogFile);
  return isDigest ? (value as Digest) : undefined;
}

function isLogFile(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const file = value as Record<string, unknown>;
  return ['s3Bucket', 's3Object', 'hashValue'].every((name) => typeof file[name] === 'string');
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/** Checks a signature of SHA-256 with RSA (PKCS#1 1.5). */
async function isSigned(
  text: string,
  signature: string,
  publicKey: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const bytes = Uint8Array.from(signature.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const key = await crypto.subtle.importKey('spki', spkiOf(publicKey), rsa, false, ['verify']);
  return crypto.subtle.verify(rsa, key, bytes, new TextEncoder().encode(text));
}

/** The algorithm identifier of RSA, DER. RFC 8017, appendix A.1 */
const rsaIdentifier = [0x30, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0];

/** A PKCS#1 key as SubjectPublicKeyInfo, which browsers import. RFC 5280, section 4.1 */
function spkiOf(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const bits = der(3, [0, ...key]);
  return new Uint8Array(der(0x30, [...rsaIdentifier, ...bits]));
}

/** A value with its tag and length; values have up to 65,535 bytes. */
function der(tag: number, value: readonly number[]): number[] {
  const { length } = value;
  const lengths = length < 128 ? [length] : [0x82, length >> 8, length & 0xff];
  return [tag, ...lengths, ...value];
}
