// The drill `deleted-broker`.

import { access, link, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Drill } from '../drill.ts';
import { brokerWithMessages, isInState } from '../service/prepared.ts';
import type { ServiceProcess } from '../service/service-process.ts';
import { waitFor } from '../service/wait.ts';

/** A broker is deleted; somebody looks for what is left of it. */
export const deletedBroker: Drill = {
  name: 'deleted-broker',
  promise:
    'Deleting a broker overwrites its wrapped data key, removes its files, and ends its grants.',
  limits: 'What backups, file systems that copy on write, and flash keep is not examined.',
  run: async (lab) => {
    const service = await lab.service();
    const { id, keyArn } = await brokerWithMessages(lab, service);
    const folder = join(service.place.data, 'brokers', id);
    const kept = join(lab.root, 'header');
    // A stop replaces the header, and frees the one before; what is erased is the last one.
    await lab.step('stop', 'disabled its key, so that the broker stops', async () => {
      await service.aws.kms.disableKey({ KeyId: keyArn });
      await isInState(service, id, 'CRITICAL_ACTION_REQUIRED', lab.effectMs * 3);
      const hasEnded = async () => (await service.brokerPid(id)) === undefined;
      await waitFor(hasEnded, lab.effectMs * 3);
    });
    // Another name of the same file: it shows what was written before the file was removed.
    await link(join(folder, 'volume'), kept);
    await lab.step('delete', 'deleted the broker', async () => {
      await service.aws.mq.deleteBroker({ BrokerId: id });
      await waitFor(() => isGone(service, id), lab.effectMs * 3);
    });
    const bytes = await readFile(kept);
    const isErased = bytes.length > 0 && bytes.every((byte) => byte === 0);
    lab.saw(
      'the header with the wrapped key was overwritten',
      isErased,
      `${bytes.length} bytes, ${isErased ? 'all' : 'not all'} zero`,
    );
    const isThere = await access(folder).then(
      () => true,
      () => false,
    );
    lab.saw('its folder is gone', !isThere, isThere ? `${folder} exists` : `no ${folder}`);
    const { Grants = [] } = await service.aws.kms.listGrants({ KeyId: keyArn });
    lab.saw('no grant on its key is left', Grants.length === 0, `${Grants.length} grants`);
  },
};

async function isGone({ aws: { mq } }: ServiceProcess, BrokerId: string): Promise<boolean> {
  return mq.describeBroker({ BrokerId }).then(
    () => false,
    () => true,
  );
}
