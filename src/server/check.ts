import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lineHash, parseLine, trailTimeline } from '../audit/trail.ts';
import { systemClock } from '../base/clock.ts';
import { deriveKey, keyFromBytes } from '../crypto/derive.ts';
import { KmsError } from '../kms/errors.ts';
import { checkVolume, type VolumeReport } from '../storage/check.ts';
import { systemDisk } from '../storage/disk.ts';
import { proveRecord } from '../storage/record-shapes.ts';
import { timelineEntry } from '../storage/state-store.ts';
import { readVolumeHeader } from '../storage/volume.ts';
import { SystemState } from './compose.ts';
import { ServerError } from './errors.ts';
import type { RootKeySource } from './root-key.ts';
import { brokersFolder, systemDataKey, systemFolder } from './system-volume.ts';

/** Told how far a check is, in bytes. */
export type CheckProgress = (folder: string, doneBytes: number, totalBytes: number) => void;

/**
 * Proves every volume of a stopped data folder sound, and the audit trail unbroken.
 *
 * @returns lines for a person, one a volume
 * @throws {StorageError} the first thing that is wrong, with file and offset
 * @throws {ServerError} `trail-broken`; `not-all-checked` where keys are not usable
 */
export async function* checkDataFolder(
  folder: string,
  source: RootKeySource,
  progress: CheckProgress = () => {},
): AsyncGenerator<string> {
  const dataKey = await systemDataKey(folder, source);
  const state = new SystemState({ deriveKey: (salt, info) => deriveKey(dataKey, salt, info) });
  const chain = new ChainCheck();
  const system = systemFolder(folder);
  const report = await checkVolume(
    systemDisk,
    system,
    dataKey,
    (done, total) => progress(system, done, total),
    {
      replayed: (...record) => state.store.applyRecord(...record),
      found: (...record) => chain.found(...record),
    },
  );
  chain.end(state.trail.head.count, state.trail.head.hash);
  yield `system: sound, ${describe(report)}; audit trail of ${counted(chain.count, 'event')} unbroken`;
  yield* checkBrokers(folder, state, progress);
}

async function* checkBrokers(
  folder: string,
  state: SystemState,
  progress: CheckProgress,
): AsyncGenerator<string> {
  const all = brokersFolder(folder);
  let lockedCount = 0;
  for (const id of await brokerIds(all, state)) {
    if (!hasVolume(id, state)) {
      yield `${id}: nobody's, left by a creation or deletion that was cut short`;
      continue;
    }
    const opened = await openDataKey(join(all, id), id, state);
    if (typeof opened === 'string') {
      lockedCount++;
      yield `${id}: not checked: ${opened}`;
      continue;
    }
    const broker = join(all, id);
    const report = await checkVolume(
      systemDisk,
      broker,
      opened,
      (done, total) => progress(broker, done, total),
      { found: proveRecord },
    );
    yield `${id}: sound, ${describe(report)}`;
  }
  if (lockedCount === 0) return;
  const text = `${counted(lockedCount, 'volume')} could not be checked, because of keys that cannot be used`;
  throw new ServerError('not-all-checked', text);
}

/** Brokers that have a folder, and those that must have one. */
async function brokerIds(folder: string, state: SystemState): Promise<string[]> {
  const found = existsSync(folder) ? await readdir(folder) : [];
  const wanted = [...state.brokers.all()].map(({ id }) => id).filter((id) => hasVolume(id, state));
  return [...new Set([...found, ...wanted])].sort();
}

/** Whether a broker's volume must be there, whole. */
function hasVolume(id: string, { brokers }: SystemState): boolean {
  const broker = brokers.get(id);
  return broker?.hasVolume === true && broker.state !== 'DELETION_IN_PROGRESS';
}

/** The data key of a broker's volume, by the same right as the service has; or why not. */
async function openDataKey(folder: string, id: string, { brokers, kms }: SystemState) {
  const { key, volumeId } = brokers.require(id);
  const { wrappedKey } = await readVolumeHeader(systemDisk, folder);
  const [, , , region = '', accountId = ''] = key.arn.split(':');
  const principal = 'mq.amazonaws.com';
  const call = {
    caller: { type: 'service', accountId, arn: principal, principalId: principal } as const,
    invokedBy: undefined,
    region,
    accountId,
    sourceIp: principal,
    userAgent: 'waxwing check',
    nowMs: systemClock.nowMs(),
  };
  try {
    const { output } = kms.ciphers.decrypt(call, {
      KeyId: key.arn,
      CiphertextBlob: wrappedKey,
      EncryptionContext: { 'aws:ebs:id': volumeId },
    });
    return keyFromBytes(output.plaintext);
  } catch (error) {
    if (error instanceof KmsError) return error.message;
    throw error;
  }
}

function describe({
  isClosed,
  segmentCount,
  blockCount,
  recordCount,
  bytes,
}: VolumeReport): string {
  const how = isClosed ? 'closed in order' : 'not closed: what was not confirmed is cut off';
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

/** Follows the hash chain of the trail's lines, of which the oldest may have been dropped. */
class ChainCheck {
  /** Events seen. */
  count = 0;
  #number = 0;
  #hash = '';

  found(type: number, buffer: Buffer, start: number, end: number): void {
    const entry = timelineEntry(type, buffer, start, end);
    if (entry?.timeline !== trailTimeline) return;
    const { number, previous } = parseLine(entry.bytes);
    if (this.count > 0 && (number !== this.#number + 1 || previous !== this.#hash)) {
      throw broken(`event ${number} does not follow event ${this.#number}`);
    }
    this.count++;
    this.#number = number;
    this.#hash = lineHash(entry.bytes);
  }

  /** What the chain's journal says of its newest event. */
  end(number: number, hash: string): void {
    if (this.count === 0 && number === 0) return;
    if (number !== this.#number || hash !== this.#hash) {
      throw broken(`it ends with event ${this.#number}, and ${number} are recorded`);
    }
  }
}

function broken(what: string): ServerError {
  return new ServerError('trail-broken', `the audit trail is broken: ${what}`);
}
