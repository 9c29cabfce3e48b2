// The command `waxwing restore`, and the verification of backups.

import { resolve } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { protectFiles, protectMemory } from '../../base/process.ts';
import { BackupFile } from '../../server/backups/backup-file.ts';
import { type BackupHeader, describeHeader } from '../../server/backups/backup-header.ts';
import { restoreService, verifyServiceBackup } from '../../server/backups/restore-service.ts';
import { checkDataFolder } from '../../server/check.ts';
import { ServerError } from '../../server/errors.ts';
import { type RootKeySource, rootKeySource } from '../../server/root-key/source.ts';
import { type AccessOptions, accessOf } from '../access/access.ts';
import { type ApiAccess, callApi } from '../access/call-api.ts';
import { CliError } from '../errors.ts';
import { ProgressLine } from '../progress-line.ts';
import { Interruption } from './interruption.ts';

/** Size of a part that is sent, bytes. */
const partBytes = 512 * 1024;
const pollMs = 500;

/** The options of `waxwing restore`, under the names that the argument parser gives them. */
export interface RestoreOptions extends AccessOptions {
  /** The name of the restored broker. */
  readonly name?: string;
  /** Its KMS key. */
  readonly kmsKeyId?: string;
  /** A backup from before this time is refused. */
  readonly notBefore?: string;
}

interface Begun {
  readonly restoreId: string;
  readonly offset: number;
}

/** Empty if the backup was only verified. */
interface Completed {
  readonly brokerId?: string;
  readonly brokerArn?: string;
}

interface Progress {
  readonly state: string;
  readonly doneBytes: number;
  readonly problem?: string;
}

/**
 * Restores a broker into the running service, or a service into a new data folder.
 *
 * @throws {CliError} `call-failed`, `profile-invalid`, `input-invalid`, `backup-failed`
 * @throws {ServerError} `not-running`, `data-folder-foreign`, the errors of opening the root key
 * @throws {StorageError} `not-a-backup`, `backup-damaged`, `format-too-new`, `disk-failed`
 */
export async function restore(name: string, options: RestoreOptions): Promise<void> {
  protectMemory();
  protectFiles();
  const file = await BackupFile.open(resolve(name));
  const line = new ProgressLine(process.stderr, () => systemClock.monotonicMs());
  try {
    const { header } = file;
    console.log(describeHeader(header, systemClock.nowMs()));
    requireNew(header, options.notBefore);
    if (header.kind === 'broker') await restoreBroker(file, options, line);
    else {
      refuseOfBroker(options);
      const folder = resolve(options.data);
      const source = rootKeySource(process.env);
      await restoreService(file, header, folder, source, (...of) => line.show(...of));
      line.clear();
      await checkRestored(folder, source);
      console.log(`Restored into ${folder}.`);
    }
  } finally {
    line.clear();
    await file.close();
  }
}

/** Prints what a check finds. Brokers whose keys are not usable are restored all the same. */
async function checkRestored(folder: string, source: RootKeySource): Promise<void> {
  try {
    for await (const { text, verdict } of checkDataFolder(folder, source)) {
      if (verdict === 'unsound') console.error(`waxwing: ${text}`);
      else console.log(text);
    }
  } catch (error) {
    if (!(error instanceof ServerError && error.code === 'not-all-checked')) throw error;
    console.log(error.message);
  }
}

/** Verifies a backup without restoring it. */
export async function checkBackup(name: string, options: AccessOptions): Promise<void> {
  const file = await BackupFile.open(name);
  const line = new ProgressLine(process.stderr, () => systemClock.monotonicMs());
  try {
    const { header } = file;
    console.log(describeHeader(header, systemClock.nowMs()));
    if (header.kind === 'broker') await sendAll(await accessOf(options), file, {}, true, line);
    else {
      const source = rootKeySource(process.env);
      const folder = resolve(options.data);
      await verifyServiceBackup(file, header, folder, source, (...of) => line.show(...of));
    }
    line.clear();
    console.log(`${name}: sound, ${file.sizeBytes} bytes`);
  } finally {
    line.clear();
    await file.close();
  }
}

function requireNew({ createdMs }: BackupHeader, notBefore: string | undefined): void {
  if (notBefore === undefined) return;
  const limitMs = Date.parse(notBefore);
  if (Number.isNaN(limitMs)) {
    throw new CliError('input-invalid', `--not-before is '${notBefore}'; expected a date and time`);
  }
  if (createdMs >= limitMs) return;
  const made = new Date(createdMs).toISOString();
  throw new CliError('backup-failed', `the backup was made ${made}, before ${notBefore}`);
}

function refuseOfBroker({ name, kmsKeyId }: RestoreOptions): void {
  if (name === undefined && kmsKeyId === undefined) return;
  const text = '--name and --kms-key-id are for backups of brokers; this is one of a service';
  throw new CliError('input-invalid', text);
}

async function restoreBroker(
  file: BackupFile,
  options: RestoreOptions,
  line: ProgressLine,
): Promise<void> {
  const access = await accessOf(options);
  const target = {
    ...(options.name !== undefined && { brokerName: options.name }),
    ...(options.kmsKeyId !== undefined && { kmsKeyId: options.kmsKeyId }),
  };
  const { brokerId, brokerArn } = await sendAll(access, file, target, false, line);
  line.clear();
  console.log(`Restored as broker ${brokerId}: ${brokerArn}`);
}

/** Sends a backup to the service, which verifies it, and completes the restoration. */
async function sendAll(
  access: ApiAccess,
  file: BackupFile,
  target: object,
  isDryRun: boolean,
  line: ProgressLine,
): Promise<Completed> {
  const beginning = file.beginning.bytes.toString('base64');
  const begun = (await call(access, '', { ...target, beginning, isDryRun })) as Begun;
  const path = `/${begun.restoreId}`;
  const interruption = new Interruption();
  try {
    await sendParts(access, file, begun, line, interruption);
    return (await call(access, `${path}/complete`, {})) as Completed;
  } catch (error) {
    await call(access, `${path}/abandon`, {}).catch(() => {}); // it may have ended
    throw error;
  } finally {
    interruption.end();
  }
}

/** Sends all parts, and waits until they are verified. */
async function sendParts(
  access: ApiAccess,
  file: BackupFile,
  begun: Begun,
  line: ProgressLine,
  interruption: Interruption,
): Promise<void> {
  const path = `/${begun.restoreId}`;
  let progress: Progress = { state: 'receiving', doneBytes: 0 };
  for (let offset = begun.offset; progress.state === 'receiving'; ) {
    const data = await file.read(offset, Math.min(partBytes, file.sizeBytes - offset));
    const isLast = offset + data.length >= file.sizeBytes;
    const part = { offset, data: data.toString('base64'), isLast };
    progress = (await call(access, `${path}/write`, part)) as Progress;
    offset += data.length;
    interruption.require();
    line.show('sending', offset, file.sizeBytes);
  }
  while (progress.state === 'checking') {
    await new Promise((done) => setTimeout(done, pollMs));
    progress = (await call(access, path, {})) as Progress;
    interruption.require();
    line.show('verifying', Math.min(progress.doneBytes, file.sizeBytes), file.sizeBytes);
  }
  if (progress.state !== 'verified') {
    throw new CliError('backup-failed', progress.problem ?? 'the backup was not verified');
  }
}

async function call(access: ApiAccess, path: string, input: object): Promise<object> {
  const url = `/waxwing/v1/restores${path}`;
  const answer = await callApi(access, 'waxwing-administration', url, input);
  if (typeof answer === 'object' && answer !== null) return answer;
  throw new CliError('call-failed', 'the answer of the service is not an object');
}
