// The commands `waxwing audit export`, `verify`, `head` and `service-events`.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TrailHead } from '../audit/trails/trail-head.ts';
import {
  type FileName,
  readPublicKeys,
  type TrailFileReader,
  type Verdict,
  verifyTrailFiles,
} from '../audit/trails/verification.ts';
import { systemDisk } from '../storage/disk.ts';
import { type AccessOptions, accessOf } from './access/access.ts';
import { type ApiAccess, callApi, callTarget, getObject } from './access/call-api.ts';
import { CliError } from './errors.ts';
import { onFile } from './system-error.ts';

const keysFile = 'public-keys.json';
const headFile = 'head.json';
const metadataEnding = '.metadata.json';
/** Maximum number of pages, and of events, that a command reads. A faulty service may never stop. */
const pageCountMax = 1_000_000;

async function headOf(access: ApiAccess): Promise<TrailHead> {
  const head = await callApi(access, 'waxwing-audit', '/waxwing/v1/audit/head', {});
  // The answer of GetTrailHead has this shape.
  return head as TrailHead;
}

/**
 * Prints the state of the trail, a value to keep on another machine.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function auditHead(options: AccessOptions): Promise<void> {
  const access = await accessOf(options);
  console.log(JSON.stringify(await headOf(access)));
}

/**
 * Prints the events of service-owned keys, one a line.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function auditServiceEvents(options: AccessOptions): Promise<void> {
  const access = await accessOf(options);
  const path = '/waxwing/v1/audit/service-events';
  let nextToken: string | undefined;
  for (let page = 0; page < pageCountMax; page++) {
    const input = nextToken === undefined ? {} : { nextToken };
    const answer = (await callApi(access, 'waxwing-audit', path, input)) as {
      readonly events?: readonly string[];
      readonly nextToken?: string;
    };
    for (const event of answer.events ?? []) console.log(event);
    nextToken = answer.nextToken;
    if (nextToken === undefined) return;
  }
}

/**
 * Writes the files of all trails, unsealed, with the public keys and the state of the trail.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `folder-not-empty`
 */
export async function auditExport(folder: string, options: AccessOptions): Promise<void> {
  const access = await accessOf(options);
  await systemDisk.createFolder(folder);
  if ((await readdir(folder)).length > 0) {
    throw new CliError('folder-not-empty', `${folder} is not empty; choose a new folder`);
  }
  const head = await headOf(access);
  const keys = await callTarget(access, 'cloudtrail', 'CloudTrail_20131101.ListPublicKeys', {
    StartTime: 0,
  });
  let fileCount = 0;
  for (const bucket of head.buckets) {
    for await (const key of keysOf(access, bucket)) {
      await exportFile(access, folder, { bucket, key });
      fileCount++;
    }
  }
  // Last, so that an interrupted export is not taken for a complete one.
  await writePrivate(join(folder, keysFile), JSON.stringify(keys, null, 2));
  await writePrivate(join(folder, headFile), JSON.stringify(head));
  console.log(`${fileCount} files written to ${folder}. They are not encrypted.`);
}

async function* keysOf(access: ApiAccess, bucket: string): AsyncGenerator<string> {
  let token = '';
  for (let page = 0; page < pageCountMax; page++) {
    const query = { 'list-type': '2', ...(token !== '' && { 'continuation-token': token }) };
    const { body } = await getObject(access, `/${bucket}`, query);
    const text = body.toString('utf8');
    // Keys of trails have no characters that XML escapes.
    for (const [, key = ''] of text.matchAll(/<Key>([^<]+)<\/Key>/g)) yield key;
    token = /<NextContinuationToken>([^<]+)</.exec(text)?.[1] ?? '';
    if (token === '') return;
  }
}

async function exportFile(
  access: ApiAccess,
  folder: string,
  { bucket, key }: FileName,
): Promise<void> {
  const { body, headers } = await getObject(access, `/${bucket}/${key}`, {});
  const path = safePath(folder, bucket, key);
  await systemDisk.createFolder(dirname(path));
  await writePrivate(path, body);
  const metadata = Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value]] : [],
    ),
  );
  if (Object.keys(metadata).length === 0) return;
  await writePrivate(`${path}${metadataEnding}`, JSON.stringify(metadata));
}

/** The path of a file in a folder, never outside of it. */
function safePath(folder: string, bucket: string, key: string): string {
  const segments = [bucket, ...key.split('/')];
  if (segments.every((segment) => /^[^./][^/]*$/.test(segment))) return join(folder, ...segments);
  throw new CliError('call-failed', `${bucket}/${key} cannot be the name of a file`);
}

async function writePrivate(path: string, contents: string | Buffer): Promise<void> {
  await onFile(path, writeFile(path, contents, { mode: 0o600, flag: 'wx' }));
}

/** The options of `waxwing audit verify`. */
export interface VerifyOptions {
  /** A file with what `waxwing audit head` printed. */
  readonly head?: string;
  /** A file with public keys. Default: the one in the folder. */
  readonly publicKeys?: string;
  /** Digests that end before this time are not expected. */
  readonly from?: string;
  readonly verbose: boolean;
}

/**
 * Verifies exported files of trails without the service. The exit code is 1 if any is not valid.
 *
 * @throws {AuditError} `trail-file-invalid` if the public keys cannot be read
 * @throws {CliError} `head-invalid`, `files-invalid`
 */
export async function auditVerify(folder: string, options: VerifyOptions): Promise<void> {
  const keys = readPublicKeys(await readFile(options.publicKeys ?? join(folder, keysFile), 'utf8'));
  const head = options.head === undefined ? undefined : await readHead(options.head);
  const fromMs = options.from === undefined ? 0 : Date.parse(options.from);
  if (Number.isNaN(fromMs)) {
    throw new CliError('head-invalid', `--from is '${options.from}'; expected a time`);
  }
  const verdicts = verifyTrailFiles(new FolderReader(folder), {
    publicKeys: keys,
    noted: head?.digests ?? [],
    fromMs,
  });
  const counts = new Map<string, number>();
  for await (const verdict of verdicts) {
    const { kind, state } = verdict;
    counts.set(`${kind} ${state}`, (counts.get(`${kind} ${state}`) ?? 0) + 1);
    if (state === 'invalid' || options.verbose) console.log(lineOf(verdict));
  }
  report(folder, counts);
}

/** Prints the numbers of files. @throws {CliError} `files-invalid` */
function report(folder: string, counts: ReadonlyMap<string, number>): void {
  const of = (what: string) => counts.get(what) ?? 0;
  let invalidCount = 0;
  for (const kind of ['digest', 'log']) {
    const all = of(`${kind} valid`) + of(`${kind} invalid`);
    console.log(`${of(`${kind} valid`)}/${all} ${kind} files valid`);
    invalidCount += of(`${kind} invalid`);
    if (kind === 'digest' && all === 0) {
      throw new CliError('files-invalid', `${folder} has no digest files`);
    }
  }
  if (of('log pending') > 0) console.log(`${of('log pending')} log files are not yet in a digest`);
  if (invalidCount > 0) throw new CliError('files-invalid', `${invalidCount} files are not valid`);
}

function lineOf({ kind, bucket, key, state, why }: Verdict): string {
  const what = kind === 'digest' ? 'Digest file' : 'Log file';
  const result = state === 'invalid' ? `INVALID: ${why}` : state === 'valid' ? 'valid' : why;
  return `${what}\ts3://${bucket}/${key}\t${result}`;
}

async function readHead(path: string): Promise<TrailHead> {
  const text = await readFile(path, 'utf8');
  try {
    const head = JSON.parse(text) as Partial<TrailHead> | null;
    const areDigests = head?.digests?.every(({ bucket, key, signature }) =>
      [bucket, key, signature].every((member) => typeof member === 'string'),
    );
    if (areDigests === true) return head as TrailHead;
  } catch {
    // reported below, like any other text
  }
  throw new CliError('head-invalid', `${path} is not the output of \`waxwing audit head\``);
}

/** Exported files in a folder. */
class FolderReader implements TrailFileReader {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async *files(): AsyncGenerator<FileName> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile() || !entry.name.endsWith('.json.gz')) continue;
      const path = join(entry.parentPath, entry.name).slice(join(this.#folder, '/').length);
      const slash = path.indexOf('/');
      if (slash > 0) yield { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
    }
  }

  async read({ bucket, key }: FileName) {
    const path = safePath(this.#folder, bucket, key);
    const body = await readFile(path).catch(() => undefined);
    if (body === undefined) return undefined;
    const text = await readFile(`${path}${metadataEnding}`, 'utf8').catch(() => '{}');
    return { body, metadata: metadataIn(text) };
  }
}

/** Metadata as an export writes it; empty if the file was changed into something else. */
function metadataIn(text: string): Record<string, string> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    const texts = Object.entries(value).filter(([, each]) => typeof each === 'string');
    return Object.fromEntries(texts) as Record<string, string>; // only texts are left
  } catch {
    return {};
  }
}
