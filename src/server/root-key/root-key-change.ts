// Changing and showing the root key.

import { realpathSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { Volume } from '../../storage/volume.ts';
import { SystemState } from '../compose.ts';
import { ServerError } from '../errors.ts';
import { openSystemVolume, readSystemHeader } from '../system-volume.ts';
import { type RootKeyRecording, recordRootKey } from './root-key-record.ts';
import { describeSource, type RootKeySource } from './source.ts';
import { rootKeyFile } from './sources/key-file.ts';
import type { RootKeyOwner } from './sources/root-key-holder.ts';
import { readWrapping, unwrapDataKey, type Wrapping, wrapDataKey } from './wrapping.ts';

/** What the header of a data folder says about its root key, and whether it is true. */
export interface ShownRootKey extends Wrapping {
  /** How often the root key was changed. */
  readonly changeCount: number;
  /** Why the configured source does not open the folder; undefined if it does. */
  readonly problem: string | undefined;
}

/**
 * Tells which root key a data folder has, and tries the configured source. A service may be running.
 *
 * @throws {ServerError} `data-folder-foreign`, `root-key-format-unknown`
 * @throws {StorageError} `not-a-volume`, `format-too-new`
 */
export async function showRootKey(folder: string, source: RootKeySource): Promise<ShownRootKey> {
  const { owner, wrappedKey, rewrapCount } = await readSystemHeader(folder);
  let problem: string | undefined;
  try {
    (await unwrapDataKey(source, owner, wrappedKey)).fill(0);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    problem = error.message;
  }
  return { ...readWrapping(wrappedKey), changeCount: rewrapCount, problem };
}

/**
 * Moves the root key of a stopped data folder to another source. Only the header of the system
 * volume changes, by one atomic replacement; the trail records the change.
 *
 * @param from the present source
 * @throws {ServerError} the errors of opening the root key with either source; `setting-invalid` if
 *   both are the same; `system-volume-missing`
 * @throws {StorageError} `folder-locked` if a service is running on the folder; `disk-failed`
 */
export async function changeRootKey(
  folder: string,
  from: RootKeySource,
  to: RootKeySource,
): Promise<void> {
  // A folder without a volume would be created.
  await readSystemHeader(folder);
  refuseSame(realpathSync(folder), from, to);
  const volume = await openSystemVolume(folder, from);
  const state = new SystemState(volume, folder);
  try {
    let failure: Error | undefined;
    await state.open(volume, { full: () => {}, failed: (error) => (failure = error) });
    const { region } = state.installation;
    const { accountId } = state.identity;
    if (region === undefined || accountId === undefined) {
      const text = `the first start of ${folder} was interrupted; start the service once`;
      throw new ServerError('system-volume-missing', text);
    }
    const recording = { ...recordingOf(state), region, accountId };
    const owner = { folder: realpathSync(folder), volumeId: volume.header.id };
    await changeWrapping(volume, owner, from, to, recording);
    if (failure !== undefined) throw failure;
  } finally {
    await state.close();
    await volume.close();
  }
}

function recordingOf({ installation, trail, store }: SystemState) {
  return { installation, trail, store };
}

/**
 * Wraps the data key of an open system volume with another root key, and records it. A crash leaves
 * the folder with either root key. If it has the new one without the record, the next opening adds
 * the record.
 *
 * @throws {ServerError} the errors of opening the root key with either source
 * @throws {StorageError} `disk-failed`
 */
export async function changeWrapping(
  volume: Volume,
  owner: RootKeyOwner,
  from: RootKeySource,
  to: RootKeySource,
  recording: RootKeyRecording,
): Promise<void> {
  // The present root key must be in the state before it is replaced: the event names both.
  await recordRootKey(volume, recording);
  const dataKey = await unwrapDataKey(from, owner, volume.header.wrappedKey);
  let proved: Buffer | undefined;
  try {
    const change = { atMs: systemClock.nowMs(), id: systemRandom.bytes(16) };
    const wrapped = await wrapDataKey(to, owner, dataKey, change);
    // A source that can wrap may still be unable to unwrap, for example without kms:Decrypt.
    proved = await unwrapDataKey(to, owner, wrapped);
    if (!proved.equals(dataKey)) {
      const text = `${describeSource(to)} returns another key than it was given`;
      throw new ServerError('root-key-wrong', text);
    }
    await volume.rewrap(wrapped);
  } finally {
    dataKey.fill(0);
    proved?.fill(0);
  }
  await recordRootKey(volume, recording);
}

/** Refuses a change that would change nothing. */
function refuseSame(folder: string, from: RootKeySource, to: RootKeySource): void {
  const keyOf = (source: RootKeySource) => {
    switch (source.kind) {
      case 'file':
        return rootKeyFile(source, folder);
      case 'passphrase':
        return undefined; // the file may have got another passphrase
      case 'credential':
        return source.name;
      case 'systemd-creds':
        return source.file;
      case 'pkcs11':
        return JSON.stringify(source.key);
      case 'aws-kms':
        return undefined; // a new data key of the same KMS key
    }
  };
  const key = keyOf(from);
  if (from.kind !== to.kind || key === undefined || key !== keyOf(to)) return;
  const text = `${describeSource(to)} is the present root key; name another one`;
  throw new ServerError('setting-invalid', text);
}
