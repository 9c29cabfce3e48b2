// The drill `foreign-folder`.

import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Drill } from '../drill.ts';
import type { Place } from '../service/place.ts';

/** Somebody replaces the data folder by one that was created with another root key. */
export const foreignFolder: Drill = {
  name: 'foreign-folder',
  promise: 'Somebody who can write the data folder cannot make the service start with other keys.',
  run: async (lab) => {
    const [service, other] = [await lab.service(), await lab.otherService()];
    const [own, theirs] = [await lab.copyStopped(service), await lab.copyStopped(other)];
    await lab.step(
      'replace',
      'replaced the data folder by one of another installation',
      () => replaceData(own, theirs),
      own,
    );
    const wrong = /does not match/;
    await lab.sawNoStart('the service does not start on it', own, wrong);
    lab.sawRefusal('`waxwing check` refuses it', await own.check(), wrong);
    await lab.step(
      'without system volume',
      'removed the system volume',
      () => rm(join(own.data, 'system'), { recursive: true }),
      own,
    );
    const missing = /system\/volume is missing/;
    await lab.sawNoStart('no new account is created in what is left', own, missing);
  },
};

async function replaceData(place: Place, by: Place): Promise<void> {
  await rm(place.data, { recursive: true });
  await cp(by.data, place.data, { recursive: true });
}
