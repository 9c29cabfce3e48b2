// Free ports of an address.

import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Ports that systems do not give to outgoing connections. */
const range = { first: 20_000, last: 32_000 } as const;
const attemptCountMax = 200;

/**
 * Finds ports that no program uses. Another program may take one before it is used.
 *
 * @param address one of this machine
 * @param isTaken tells ports that others will use
 * @throws if there are not enough
 */
export async function freePorts(
  address: string,
  count: number,
  isTaken: (port: number) => boolean,
): Promise<number[]> {
  const servers = new Map<number, Server>();
  try {
    for (let attempt = 0; servers.size < count; attempt++) {
      if (attempt >= attemptCountMax + count) throw new Error(`no ${count} free ports were found`);
      const port = randomInt(range.first, range.last + 1);
      if (servers.has(port) || isTaken(port)) continue;
      const server = await opened(address, port);
      if (server !== undefined) servers.set(port, server);
    }
    return [...servers.keys()];
  } finally {
    await Promise.all([...servers.values()].map(closed));
  }
}

/** Whether no program uses a port of an address of this machine. */
export async function isPortFree(address: string, port: number): Promise<boolean> {
  const server = await opened(address, port);
  if (server !== undefined) await closed(server);
  return server !== undefined;
}

function opened(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ host: address, port }, () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
