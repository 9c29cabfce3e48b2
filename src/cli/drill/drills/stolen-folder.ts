// The drill `stolen-folder`.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { type Hidden, searchFolder } from '../plain-text.ts';
import type { Place } from '../service/place.ts';
import { brokerWithMessages } from '../service/prepared.ts';

/** Somebody copies the data folder of a running service, and does not have the root key. */
export const stolenFolder: Drill = {
  name: 'stolen-folder',
  promise: 'A copy of the data folder gives nothing to somebody without the root key.',
  limits: 'A root key file on the same disk is stolen with the disk.',
  run: async (lab) => {
    const service = await lab.service();
    const { hidden } = await brokerWithMessages(lab, service);
    const secret = service.environment.AWS_SECRET_ACCESS_KEY ?? '';
    const all = [...hidden, { name: 'the secret access key', bytes: Buffer.from(secret) }];
    const copy = await lab.step('copy', 'copied the folder of the running service', () =>
      service.place.copyWithoutKey(lab.root),
    );
    await sawNothing(lab, copy, all);
    await lab.sawNoStart('a service does not start on the copy', copy, /\.key is missing/);
    lab.sawRefusal('`waxwing check` opens nothing in the copy', await copy.check(), /is missing/);
  },
};

async function sawNothing(lab: Lab, copy: Place, hidden: readonly Hidden[]): Promise<void> {
  const { found, fileCount, byteCount } = await searchFolder(copy.data, hidden);
  lab.saw(
    'no message, name of a queue, password or secret key is readable in the copy',
    found.length === 0,
    found[0] ?? `nothing in ${fileCount} files, ${byteCount} bytes`,
  );
  // The search itself is tried, on a file that contains what it looks for.
  const text = hidden[0]?.bytes.toString('base64') ?? '';
  await writeFile(join(copy.root, 'control'), `control ${text}`);
  const control = await searchFolder(copy.root, hidden);
  const isFound = control.found.some((each) => each.endsWith(join(copy.root, 'control')));
  lab.saw('the same search finds a text in a control file', isFound, `${isFound}`);
}
