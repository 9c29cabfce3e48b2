// The modes of what is put into packages.
import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Lets everybody read a folder and what is in it, whatever the umask of the checkout and of this program: the user
 * of the service does, and the same sources make the same packages.
 *
 * @param {string} folder
 */
export function makeReadable(folder) {
  chmodSync(folder, 0o755);
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name);
    const about = lstatSync(path);
    if (about.isDirectory()) chmodSync(path, 0o755);
    else if (about.isFile()) chmodSync(path, (about.mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
