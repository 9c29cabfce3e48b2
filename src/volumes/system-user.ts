// Users of the operating system.

import { readFile } from 'node:fs/promises';
import type { VolumeOwner } from './gocryptfs.ts';

/** Finds a user in `/etc/passwd`; undefined if there is none, or if it is the superuser. */
export async function systemUser(name: string): Promise<VolumeOwner | undefined> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n');
  const line = lines.find((each) => each.startsWith(`${name}:`)) ?? '';
  const [, , uid, gid] = line.split(':');
  return Number(uid) > 0 && Number(gid) > 0 ? { uid: Number(uid), gid: Number(gid) } : undefined;
}
