import type { AddressInfo, Server } from 'node:net';
import { NetError } from './errors.ts';

/**
 * Opens a server's port.
 *
 * @param port 0 for any free one
 * @returns the port it listens on
 * @throws {NetError} `port-in-use`, `listen-failed`
 */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => reject(toNetError(error, host, port));
    server.once('error', refused);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', refused);
      resolve((server.address() as AddressInfo).port); // it listens on a port, not on a pipe
    });
  });
}

function toNetError(error: NodeJS.ErrnoException, host: string, port: number): NetError {
  if (error.code === 'EADDRINUSE') {
    const text = `port ${port} on ${host} is in use by another program`;
    return new NetError('port-in-use', text, { cause: error });
  }
  const text = `cannot listen on port ${port} of ${host}: ${error.code ?? error.message}`;
  return new NetError('listen-failed', text, { cause: error });
}
