// The backups of a control plane in tests, whose volumes are not on a disk.

import { systemRandom } from '../../src/base/random.ts';
import { Backups } from '../../src/server/backups/backups.ts';
import { StorageError } from '../../src/storage/errors.ts';
import { accountId, type ControlPlane, region } from './control-plane.ts';

/** The backups of brokers without files. The service itself cannot be backed up. */
export function backupsOf(plane: Pick<ControlPlane, 'control' | 'machine'>): Backups {
  const { control, machine } = plane;
  const refuse = () => {
    throw new StorageError('freeze-refused', 'the volumes of this service are in memory');
  };
  return new Backups({
    folder: '/nonexistent',
    control,
    configurations: control.configurations,
    openSecret: refuse,
    serviceKey: machine.sealingKey,
    volumes: { log: refuse, secrets: { contents: () => [] }, freezeLogs: async () => refuse() },
    region,
    accountId,
    release: async () => '0.0.0',
    clock: machine.clock,
    random: systemRandom,
  });
}
