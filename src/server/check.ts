// Verification of a stopped data folder.

import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceTimeline, trailTimeline } from '../audit/trail.ts';
import { assert } from '../base/assert.ts';
import { hasVolumes, isUnfinished, type VolumeRecord } from '../control/broker-record.ts';
import type { BrokerKind } from '../control/offers/offer.ts';
import { deriveKey } from '../crypto/derive.ts';
import { kinds } from '../engines/waxwing/kinds.ts';
import { lineRecordTypes, proveLine } from '../logs/store/line-records.ts';
import { checkVolume, type VolumeReport } from '../storage/check.ts';
import { systemDisk } from '../storage/disk.ts';
import { StorageError } from '../storage/errors.ts';
import { proveRecord } from '../storage/record-shapes.ts';
import { type KeyDeriver, SystemState, sealingKey } from './compose.ts';
import { ServerError } from './errors.ts';
import { openDataKeys } from './keys/broker-data-keys.ts';
import { logsDataKey } from './logs-volume.ts';
import type { RootKeySource } from './root-key/source.ts';
import { brokersFolder, logsFolder, systemDataKey, systemFolder } from './system-volume.ts';
import { ChainCheck } from './trails/chain-check.ts';
import { checkArchives, checkTrailFiles } from './trails/check-trails.ts';

/** Called with the progress of a check, in bytes. */
export type CheckProgress = (folder: string, doneBytes: number, totalBytes: number) => void;

/** The result of checking one volume, as text for a person. */
export interface CheckFinding {
  readonly text: string;
  /** `unknown` if the volume could not be opened because its key is not usable. */
  readonly verdict: 'sound' | 'unsound' | 'unknown';
}

/**
 * Verifies that every volume of a stopped data folder is undamaged and current, and that the audit
 * trail is complete. A damaged volume does not stop the check of the others.
 *
 * @returns a finding for each volume; the generator ends after the last one
 * @throws {ServerError} the errors of opening the root key; `not-all-sound` after the last finding;
 *   `not-all-checked` if some could not be opened
 * @throws {StorageError} `folder-locked` if a service is running on the folder
 */
export async function* checkDataFolder(
  folder: string,
  source: RootKeySource,
  progress: CheckProgress = () => {},
): AsyncGenerator<CheckFinding> {
  const counts = { sound: 0, unsound: 0, unknown: 0 };
  const dataKey = await systemDataKey(folder, source);
  const deriver: KeyDeriver = { deriveKey: (salt, info) => deriveKey(dataKey, salt, info) };
  const state = new SystemState(deriver, folder);
  const { isRecovered, chain, ...system } = await checkSystem(folder, state, dataKey, progress);
  counts[system.verdict]++;
  yield system;
  if (isRecovered) {
    for await (const finding of checkTrails(folder, state, chain)) {
      counts[finding.verdict]++;
      yield finding;
    }
    for await (const finding of checkLogs(folder, state, dataKey, progress)) {
      counts[finding.verdict]++;
      yield finding;
    }
  }
  const brokers = isRecovered ? checkBrokers(folder, state, progress) : unchecked(folder);
  for await (const finding of brokers) {
    counts[finding.verdict]++;
    yield finding;
  }
  if (counts.unsound > 0) {
    const all = counted(counts.sound + counts.unsound + counts.unknown, 'volume');
    throw new ServerError('not-all-sound', `${counts.unsound} of ${all} not sound`);
  }
  if (counts.unknown > 0) {
    const text = `${counted(counts.unknown, 'volume')} could not be checked, for the reasons above`;
    throw new ServerError('not-all-checked', text);
  }
}

/** Checks the system volume, and reads its contents into the state if possible. */
async function checkSystem(
  folder: string,
  state: SystemState,
  dataKey: KeyObject,
  progress: CheckProgress,
): Promise<CheckFinding & { readonly isRecovered: boolean; readonly chain: ChainCheck }> {
  const system = systemFolder(folder);
  const chain = new ChainCheck(trailTimeline);
  const serviceChain = new ChainCheck(serviceTimeline);
  let isRecovered = false;
  const finding = await findingOf('system', async () => {
    const checking = checkVolume(
      systemDisk,
      system,
      dataKey,
      (done, total) => progress(system, done, total),
      {
        replayed: (...record) => {
          state.store.applyRecord(...record);
          chain.replayed(...record);
          serviceChain.replayed(...record);
        },
        recovered: () => {
          isRecovered = true;
        },
        found: (...record) => {
          chain.found(...record);
          serviceChain.found(...record);
        },
      },
    );
    // The brokers' keys are opened with these secrets, even if the volume is damaged elsewhere.
    await checking.catch(() => {});
    if (isRecovered) await state.checkKeys();
    const report = await checking;
    chain.end(state.trail.head);
    serviceChain.end(state.serviceTrail.head);
    return `${describe(report)}; audit trail of ${counted(chain.count, 'event')} complete`;
  });
  return { ...finding, isRecovered, chain };
}

/** Checks the archives of events and the files of trails, if there are any. */
async function* checkTrails(
  folder: string,
  state: SystemState,
  chain: ChainCheck,
): AsyncGenerator<CheckFinding> {
  if (state.archives.all().length > 0) {
    yield await findingOf('events', () =>
      checkArchives(folder, state, (number) => chain.previousOf(number)),
    );
  }
  if (state.trails.buckets().length > 0) {
    yield await findingOf('trails', () => checkTrailFiles(folder, state));
  }
}

/** Checks the volume of the broker logs, if the data folder has one. */
async function* checkLogs(
  folder: string,
  state: SystemState,
  systemKey: KeyObject,
  progress: CheckProgress,
): AsyncGenerator<CheckFinding> {
  const { record } = state.logsVolume;
  if (record?.isMade !== true) return;
  const own = logsFolder(folder);
  yield await findingOf('logs', async () => {
    const wrappingKey = sealingKey({ deriveKey: (...of) => deriveKey(systemKey, ...of) }, 'logs');
    const dataKey = await logsDataKey(folder, record, wrappingKey);
    const report = await checkVolume(
      systemDisk,
      own,
      dataKey,
      (done, total) => progress(own, done, total),
      {
        found: (type, ...record) => {
          if (type === lineRecordTypes.line) proveLine(...record);
        },
      },
    );
    proveEpoch(own, report, record);
    return describe(report);
  });
}

/**
 * The finding about one volume, from the error of its check. A locked volume ends the whole check.
 */
async function findingOf(name: string, check: () => Promise<string>): Promise<CheckFinding> {
  try {
    return { text: `${name}: sound, ${await check()}`, verdict: 'sound' };
  } catch (error) {
    if (!(error instanceof StorageError || error instanceof ServerError)) throw error;
    if (error.code === 'folder-locked') throw error;
    return { text: `${name}: not sound: ${error.message}`, verdict: 'unsound' };
  }
}

/** All other keys are in the system volume. Without it, the other volumes cannot be checked. */
async function* unchecked(folder: string): AsyncGenerator<CheckFinding> {
  const all = brokersFolder(folder);
  const ids = existsSync(all) ? (await readdir(all)).sort() : [];
  for (const id of existsSync(logsFolder(folder)) ? ['logs', ...ids] : ids) {
    const text = `${shown(id)}: not checked: its key is in the system volume, which cannot be read`;
    yield { text, verdict: 'unknown' };
  }
}

/** Quotes a name from the disk, which anybody may have chosen. */
function shown(name: string): string {
  return /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
}

async function* checkBrokers(
  folder: string,
  state: SystemState,
  progress: CheckProgress,
): AsyncGenerator<CheckFinding> {
  const all = brokersFolder(folder);
  for (const id of await brokerIds(all, state)) {
    const broker = state.brokers.get(id);
    if (broker !== undefined && !isOwn(broker)) {
      const text = `${id}: not checked: its engine is not ours, and does not store it in volumes of Waxwing`;
      yield { text, verdict: 'unknown' };
    } else if (hasVolume(id, state)) yield await checkBroker(join(all, id), id, state, progress);
    else if (broker?.replication?.role === 'REPLICA') {
      const text = `${id}: not checked: a replica, which its promotion verifies`;
      yield { text, verdict: 'sound' };
    } else if (broker !== undefined && isUnfinished(broker)) {
      const text = `${id}: not checked: a promoted replica, which its next start verifies`;
      yield { text, verdict: 'unknown' };
    } else {
      const text = `${shown(id)}: belongs to no broker; left over from an interrupted creation or deletion`;
      yield { text, verdict: 'sound' };
    }
  }
}

async function checkBroker(
  folder: string,
  id: string,
  state: SystemState,
  progress: CheckProgress,
): Promise<CheckFinding> {
  let locked: string | undefined;
  const finding = await findingOf(id, async () => {
    const opened = await openDataKeys(folder, state.brokers.require(id), state.kms);
    if (typeof opened === 'string') {
      locked = opened;
      return '';
    }
    const report = await checkVolume(
      systemDisk,
      folder,
      opened,
      (done, total) => progress(folder, done, total),
      { found: proveRecord },
    );
    proveEpoch(folder, report, volumeOf(id, state));
    return describe(report);
  });
  if (locked === undefined) return finding;
  return { text: `${id}: not checked: ${locked}`, verdict: 'unknown' };
}

/**
 * Requires that the newest mount is the last successful one or a later one that failed, as at a
 * start.
 */
function proveEpoch(
  folder: string,
  { epoch: found }: VolumeReport,
  { epoch, mountedEpoch }: { readonly epoch: number; readonly mountedEpoch: number },
): void {
  if (found >= mountedEpoch && found <= epoch) return;
  const wanted = mountedEpoch === epoch ? epoch : `${mountedEpoch} to ${epoch}`;
  throw new StorageError(
    'volume-rolled-back',
    `${folder} is not current: its last mount was number ${found}; the system volume expects ${wanted}`,
  );
}

/** The brokers that have a folder, and those that must have one. */
async function brokerIds(folder: string, state: SystemState): Promise<string[]> {
  const found = existsSync(folder) ? await readdir(folder) : [];
  const wanted = [...state.brokers.all()]
    .filter((broker) => hasVolume(broker.id, state) || isUnfinished(broker))
    .map(({ id }) => id);
  return [...new Set([...found, ...wanted])].sort();
}

/** Whether our own engine runs a broker. */
function isOwn({ engineType, deploymentMode }: BrokerKind): boolean {
  return kinds.some(
    (kind) => kind.engineType === engineType && kind.deploymentMode === deploymentMode,
  );
}

/** Whether the volume of a broker must exist and be complete. */
function hasVolume(id: string, { brokers }: SystemState): boolean {
  const broker = brokers.get(id);
  return broker !== undefined && hasVolumes(broker) && broker.state !== 'DELETION_IN_PROGRESS';
}

/** The volume in a broker's folder. Brokers of this engine have one each. */
function volumeOf(id: string, { brokers }: SystemState): VolumeRecord {
  const [volume] = brokers.require(id).volumes;
  assert(volume !== undefined, `broker ${id} has no volume`);
  return volume;
}

function describe({
  isClosed,
  segmentCount,
  blockCount,
  recordCount,
  bytes,
}: VolumeReport): string {
  const how = isClosed
    ? 'closed cleanly'
    : 'not closed cleanly: unconfirmed data will be discarded';
  const sizes = [
    counted(segmentCount, 'segment'),
    counted(blockCount, 'block'),
    counted(recordCount, 'record'),
    counted(bytes, 'byte'),
  ];
  return `${how}, ${sizes.join(', ')}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
