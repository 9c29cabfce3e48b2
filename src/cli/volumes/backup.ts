// The command `waxwing backup`.

import { resolve } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { type AccessOptions, accessOf } from '../access/access.ts';
import { type ApiAccess, callApi } from '../access/call-api.ts';
import { CliError } from '../errors.ts';
import { ProgressLine } from '../progress-line.ts';
import { Interruption } from './interruption.ts';
import { NewFile } from './new-file.ts';

/** The options of `waxwing backup`, under the names that the argument parser gives them. */
export interface BackupOptions extends AccessOptions {
  /** Whether the whole service is backed up. */
  readonly all: boolean;
  /** Whether an existing file is replaced. */
  readonly force: boolean;
}

interface Begun {
  readonly backupId: string;
  readonly createdAt: string;
  readonly sizeBytes: number;
}

interface Part {
  readonly data: string;
  readonly isLast: boolean;
  readonly sha256?: string;
}

/**
 * Writes a backup of a broker or of the whole service to a file, and verifies it.
 *
 * @param names the broker, unless `--all` is given, and the file
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`, `file-exists`, `input-invalid`,
 *   `backup-failed`
 */
export async function backup(names: readonly string[], options: BackupOptions): Promise<void> {
  const [file = '', broker, ...others] = [...names].reverse();
  if (others.length > 0 || options.all !== (broker === undefined)) {
    const text = 'name a broker and a file, or --all and a file';
    throw new CliError('input-invalid', text);
  }
  const path = resolve(file);
  await NewFile.check(path, options.force);
  const access = await accessOf(options);
  const scope = options.all ? { scope: 'SERVICE' } : { scope: 'BROKER', broker };
  const line = new ProgressLine(process.stderr, () => systemClock.monotonicMs());
  const interruption = new Interruption();
  const target = await NewFile.create(path, options.force);
  let begun: Begun | undefined;
  try {
    begun = (await call(access, '', scope)) as Begun;
    const show = (what: string, done: number, total: number) => {
      interruption.require();
      line.show(what, done, total);
    };
    const sha256 = await copy(access, begun, target, (...of) => show('writing', ...of));
    const found = await target.readBack((...of) => show('reading back', ...of));
    if (found !== sha256) {
      const text = `${path} has SHA-256 ${found} instead of ${sha256}: the disk does not return it`;
      throw new CliError('backup-failed', text);
    }
    await call(access, `/${begun.backupId}/complete`, { sha256: found });
    await target.finish();
    line.clear();
    const what = broker === undefined ? 'the service' : `broker ${broker}`;
    console.log(`${path}: backup of ${what}, made ${begun.createdAt}`);
    console.log(`SHA-256 ${found}`);
  } catch (error) {
    line.clear();
    await target.discard();
    // Otherwise it would hold files for some minutes.
    if (begun !== undefined) await call(access, `/${begun.backupId}/abandon`, {}).catch(() => {});
    throw error;
  } finally {
    interruption.end();
  }
}

/** Returns the hash of the file as the service has sealed it. */
async function copy(
  access: ApiAccess,
  { backupId, sizeBytes }: Begun,
  target: NewFile,
  progress: (doneBytes: number, totalBytes: number) => void,
): Promise<string> {
  for (let offset = 0; ; ) {
    const { data, isLast, sha256 } = (await call(access, `/${backupId}/read`, { offset })) as Part;
    const bytes = Buffer.from(data, 'base64');
    await target.write(bytes);
    offset += bytes.length;
    // The seal adds less than a thousandth.
    progress(Math.min(offset, sizeBytes), sizeBytes);
    if (isLast && sha256 !== undefined) return sha256;
  }
}

async function call(access: ApiAccess, path: string, input: object): Promise<object> {
  const url = `/waxwing/v1/backups${path}`;
  const answer = await callApi(access, 'waxwing-administration', url, input);
  if (typeof answer === 'object' && answer !== null) return answer;
  throw new CliError('call-failed', 'the answer of the service is not an object');
}
