// The contents of the backup of a broker.

import type { BrokerRecord } from '../../control/broker-record.ts';
import type { Configurations } from '../../control/configurations/configurations.ts';
import type { Engines } from '../../control/engines.ts';
import type { OpenSecret } from '../../control/users/ldap.ts';
import { copyOf } from '../../control/volumes/broker-copy.ts';
import type { VolumeCopy } from '../../control/volumes/engine-volumes.ts';
import { type BackupSource, bytesEntry, held, type SourceEntry } from './backup-source.ts';

/** The name of the entry with the settings of a broker. It is the first one. */
export const brokerEntry = 'broker.json';
/** The folder of the volume's files. */
export const volumeFolder = 'volume';

/** The parts that are needed. */
export interface BrokerSourceParts {
  readonly engines: Engines;
  readonly configurations: Configurations;
  readonly openSecret: OpenSecret;
}

/**
 * Holds the volume of a broker at its synced position.
 *
 * @throws {StorageError} `freeze-refused`, `disk-failed`
 */
export async function brokerSource(
  { engines, configurations, openSecret }: BrokerSourceParts,
  broker: BrokerRecord,
): Promise<BackupSource> {
  const [volume] = broker.volumes;
  const { volumes } = engines.engineFor(broker);
  const copy = await held(() => volumes.copy(broker.id, volume?.id ?? ''));
  const settings = Buffer.from(JSON.stringify(copyOf(broker, configurations, openSecret)));
  return {
    entries: [bytesEntry(brokerEntry, settings), ...volumeEntries(copy, volumeFolder)],
    release: async () => ((await copy.release()) ? undefined : notHeld(broker.name)),
  };
}

/** The files of a volume, in a folder of the backup. */
export function volumeEntries(copy: VolumeCopy, folder: string): SourceEntry[] {
  return copy.files.map(({ name, sizeBytes }) => ({
    name: `${folder}/${name}`,
    sizeBytes,
    read: () => copy.read(name),
  }));
}

/** The reason why a copy of a volume is not usable. */
export function notHeld(name: string): string {
  return (
    `the files of broker ${name} were not held until the end: the broker was restarted, the disk was ` +
    'short of space, or the backup took more than 6 hours'
  );
}
