// The drill `open-permissions`.

import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Drill } from '../drill.ts';
import type { Place } from '../service/place.ts';

const others = 0o077;

/** Another user of the machine could read or write files. */
export const openPermissions: Drill = {
  name: 'open-permissions',
  promise: 'Other users of the machine cannot read or replace files of the service.',
  limits: 'The modes of files are examined; no other user is logged in.',
  run: async (lab) => {
    const service = await lab.service();
    const open = await lab.step('look', 'looked at the modes of all files', () =>
      openFiles(service.place),
    );
    lab.saw(
      'no file, folder or socket of the service is accessible to others',
      open.length === 0,
      open[0] ?? 'none',
    );
    const copy = await lab.copyStopped(service);
    await lab.step('open the folder', 'gave other users write access to the data folder', () =>
      chmod(copy.data, 0o777),
    );
    await lab.sawNoStart('the service does not start on it', copy, /has mode 0777/);
    await chmod(copy.data, 0o700);
    const key = await copy.keyFile();
    await lab.step('open the key', 'gave other users read access to the root key', () =>
      chmod(key, 0o644),
    );
    await lab.sawNoStart('the service does not use the key', copy, /has mode 0644/);
  },
};

/** The files, folders and sockets that others can open, with their modes. */
async function openFiles(place: Place): Promise<string[]> {
  const entries = await readdir(place.data, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  const found: string[] = [];
  for (const path of [place.data, await place.keyFile(), ...paths]) {
    const file = await lstat(path).catch(() => undefined);
    if (file !== undefined && (file.mode & others) !== 0) {
      found.push(`${path} has mode 0${(file.mode & 0o777).toString(8)}`);
    }
  }
  return found;
}
