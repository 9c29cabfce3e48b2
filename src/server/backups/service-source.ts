// The contents of the backup of a whole service.

import { type BrokerRecord, hasVolumes, isUnfinished } from '../../control/broker-record.ts';
import type { Brokers } from '../../control/brokers.ts';
import type { Engines } from '../../control/engines.ts';
import { ControlError } from '../../control/errors.ts';
import type { VolumeCopy } from '../../control/volumes/engine-volumes.ts';
import type { ErasableSecrets } from '../../storage/erasable/erasable-secrets.ts';
import type { FrozenVolume } from '../../storage/frozen/frozen-volume.ts';
import type { Log } from '../../storage/log.ts';
import { type BackupSource, bytesEntry, held, type SourceEntry } from './backup-source.ts';
import { notHeld, volumeEntries } from './broker-source.ts';
import type { LinkedFiles } from './linked-files.ts';

/** Attempts to find a moment at which no broker starts. */
const attemptCountMax = 5;

/** The parts of the service that are copied. */
export interface ServiceSourceParts {
  readonly brokers: Brokers;
  readonly engines: Engines;
  /** The log of the system volume. */
  readonly log: () => Pick<Log, 'freeze'>;
  readonly secrets: Pick<ErasableSecrets, 'contents'>;
  /** Holds the volume of the broker logs. */
  readonly freezeLogs: () => Promise<FrozenVolume>;
}

interface CopiedBroker {
  readonly broker: BrokerRecord;
  readonly copy: VolumeCopy;
}

/**
 * Holds all volumes of a service. The brokers come first: the records in the system volume are then
 * not older than the volumes that they describe.
 *
 * @param files the immutable files of the trail and the trails, which are linked twice
 * @throws {ControlError} 'conflict' if brokers are started or stopped all the time, or one is being promoted
 * @throws {StorageError} `freeze-refused`, `disk-failed`
 */
export async function serviceSource(
  parts: ServiceSourceParts,
  files: LinkedFiles,
): Promise<BackupSource> {
  for (let attempt = 1; attempt <= attemptCountMax; attempt++) {
    // Before the position, for files that are dropped soon afterwards.
    await files.link();
    const source = await held(async () => holdService(parts, await copyBrokers(parts)));
    if (source === undefined) continue;
    try {
      // After the position, for files that were written shortly before.
      await files.link();
      const entries = [...source.entries, ...(await files.entries())];
      return {
        entries,
        release: async () => {
          const problem = await source.release();
          await files.remove();
          return problem;
        },
      };
    } catch (error) {
      await source.release();
      throw error;
    }
  }
  throw new ControlError('conflict', 'Brokers are being started or deleted; try again later.');
}

async function copyBrokers({ brokers, engines }: ServiceSourceParts): Promise<CopiedBroker[]> {
  const copied: CopiedBroker[] = [];
  try {
    requireFinished(brokers);
    for (const broker of copiedBrokers(brokers)) {
      const { volumes } = engines.engineFor(broker);
      for (const { id } of broker.volumes) {
        copied.push({ broker, copy: await volumes.copy(broker.id, id) });
      }
    }
    return copied;
  } catch (error) {
    await Promise.all(copied.map(({ copy }) => copy.release()));
    throw error;
  }
}

/** Otherwise the messages of a promoted replica would not be in the backup, and a restored one would be empty. */
function requireFinished(brokers: Brokers): void {
  for (const broker of brokers.all()) {
    if (!isUnfinished(broker)) continue;
    const text = `Broker [${broker.id}], which is ${broker.state}, has no complete volume yet; try again when it has started.`;
    throw new ControlError('conflict', text);
  }
}

function copiedBrokers(brokers: Brokers): BrokerRecord[] {
  return [...brokers.all()].filter(
    (broker) => hasVolumes(broker) && broker.state !== 'DELETION_IN_PROGRESS',
  );
}

/** Undefined if the brokers are no longer those that were copied. */
async function holdService(
  parts: ServiceSourceParts,
  copied: readonly CopiedBroker[],
): Promise<BackupSource | undefined> {
  const releaseBrokers = async () => {
    const results = await Promise.all(copied.map(({ copy }) => copy.release()));
    const lost = copied.find((_, i) => results[i] !== true);
    return lost && notHeld(lost.broker.name);
  };
  const frozen: FrozenVolume[] = [];
  const release = async () => {
    const problem = frozen.some(({ isHeld }) => !isHeld)
      ? 'the files of the service were not held until the end'
      : undefined;
    for (const each of frozen) each.release();
    return (await releaseBrokers()) ?? problem;
  };
  // No await between these: position, secrets and records belong to one moment.
  const isFinished = ![...parts.brokers.all()].some((broker) => isUnfinished(broker));
  const isCurrent = isFinished && isUnchanged(parts.brokers, copied);
  const secrets = parts.secrets.contents();
  const freezing = [parts.log().freeze(), parts.freezeLogs()];
  const settled = await Promise.allSettled(freezing);
  for (const each of settled) if (each.status === 'fulfilled') frozen.push(each.value);
  const failed = settled.find((each) => each.status === 'rejected');
  if (failed !== undefined || !isCurrent) {
    await release();
    if (failed !== undefined) throw failed.reason;
    return undefined;
  }
  const [system, logs] = frozen;
  return {
    entries: [
      ...frozenEntries('system', system),
      ...secrets.map(({ name, bytes }) => bytesEntry(`keys/${name}`, bytes)),
      ...frozenEntries('logs', logs),
      ...copied.flatMap(({ broker, copy }) => volumeEntries(copy, `brokers/${broker.id}`)),
    ],
    release,
  };
}

/** Whether the same brokers have the same mounts. */
function isUnchanged(brokers: Brokers, copied: readonly CopiedBroker[]): boolean {
  const mounts = (records: readonly BrokerRecord[]) =>
    records.flatMap(({ volumes }) => volumes.map(({ id, epoch }) => `${id} ${epoch}`)).join();
  return mounts(copiedBrokers(brokers)) === mounts(copied.map(({ broker }) => broker));
}

function frozenEntries(folder: string, frozen: FrozenVolume | undefined): SourceEntry[] {
  if (frozen === undefined) return [];
  return frozen.files.map((file) => ({
    name: `${folder}/${file.name}`,
    sizeBytes: file.sizeBytes,
    read: () => frozen.read(file),
  }));
}
