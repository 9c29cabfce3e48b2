// The drill `older-copy`.

import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Drill } from '../drill.ts';
import type { Place } from '../service/place.ts';
import { brokerWithMessages } from '../service/prepared.ts';
import { sawDamaged } from './tampered-segment.ts';

/** Somebody puts an older copy of the files of a broker back. */
export const olderCopy: Drill = {
  name: 'older-copy',
  promise: 'An older copy of the files of a broker that is put back is found.',
  limits:
    'After a kill or a power failure, the newest log file together with its watermark is not protected.',
  run: async (lab) => {
    const service = await lab.service();
    const { id } = await brokerWithMessages(lab, service);
    const older = await lab.copyStopped(service);
    const newer = await lab.copyStopped(service);
    await lab.step('put back', 'put the files of the broker from before the last start back', () =>
      putBack(older, newer, id),
    );
    const check = await newer.check();
    lab.sawRefusal('`waxwing check` names the broker', check, /is not current/);
    await sawDamaged(lab, newer, id, /^BROKER_VOLUME_ROLLED_BACK$/);
  },
};

async function putBack(older: Place, newer: Place, id: string): Promise<void> {
  const own = join(newer.data, 'brokers', id);
  await rm(own, { recursive: true });
  await cp(join(older.data, 'brokers', id), own, { recursive: true });
}
