// Which ports of this machine are open.

import { readFile } from 'node:fs/promises';

/** The state of a listening socket in the kernel's list. */
const listening = '0A';

/**
 * Returns the ports on which programs listen. Unlike a connection, this leaves no trace in their
 * logs.
 */
export async function openPorts(): Promise<ReadonlySet<number>> {
  const lists = await Promise.all(['tcp', 'tcp6'].map((name) => textOf(`/proc/net/${name}`)));
  return new Set(lists.flatMap(portsIn));
}

/** Reads a list as in proc(5): the local address and the state are the second and fourth columns. */
export function portsIn(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [, port] = local.split(':');
    return state === listening && port !== undefined ? [Number.parseInt(port, 16)] : [];
  });
}

/** A machine may have no IPv6. */
function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
