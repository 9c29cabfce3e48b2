// Listening on ports.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { NetError } from './errors.ts';

const ipv4Loopback = '127.0.0.1';
const ipv6Loopback = '::1';

/** Maximum number of free ports to try if one is in use on the other loopback address. */
const attemptCountMax = 20;

/**
 * Opens a server's port. A server on 127.0.0.1 also listens on ::1 if available, and vice versa,
 * because clients may resolve `localhost` to either address.
 *
 * @param port 0 for any free port
 * @returns the port
 * @throws {NetError} `port-in-use`, `listen-failed`
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  const other = otherLoopback(host);
  for (let attempt = 1; ; attempt++) {
    const found = await listenOn(server, host, port);
    if (other === undefined) return found;
    try {
      await openTwin(server, other, found);
      return found;
    } catch (error) {
      await closed(server);
      const mayTryAnother = port === 0 && attempt < attemptCountMax;
      if (!mayTryAnother || !(error instanceof NetError)) throw error;
    }
  }
}

function otherLoopback(host: string): string | undefined {
  if (host === ipv4Loopback || host === 'localhost') return ipv6Loopback;
  return host === ipv6Loopback ? ipv4Loopback : undefined;
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => reject(toNetError(error, host, port));
    server.once('error', refused);
    // Resolving the name would yield either address, depending on the machine.
    const address = host === 'localhost' ? ipv4Loopback : host;
    server.listen({ host: address, port, backlog: 1024 }, () => {
      server.off('error', refused);
      resolve((server.address() as AddressInfo).port); // the server listens on a port, not on a pipe
    });
  });
}

/** Opens the same port on the other loopback address and passes its connections to the server. */
async function openTwin(server: Server, host: string, port: number): Promise<void> {
  const twin = createServer({ noDelay: true }, (socket: Socket) =>
    server.emit('connection', socket),
  );
  if (server.maxConnections !== undefined) twin.maxConnections = server.maxConnections;
  try {
    await listenOn(twin, host, port);
  } catch (error) {
    if (isAddressMissing(error)) return;
    throw error;
  }
  // There is no event for the end of listening, so close() is wrapped.
  const close = server.close.bind(server);
  server.close = (done) => {
    twin.close();
    server.close = close;
    return close(done);
  };
}

function isAddressMissing(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** What an error of listening means, and what to do, by code. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'ports below 1024 need the capability CAP_NET_BIND_SERVICE; choose another port',
  EADDRNOTAVAIL: 'this machine does not have this address; choose one of its own',
  EAFNOSUPPORT: 'this machine does not have addresses of this kind; choose another',
  ENOTFOUND: 'this name has no address',
};

function toNetError(error: NodeJS.ErrnoException, host: string, port: number): NetError {
  if (error.code === 'EADDRINUSE') {
    const text = `port ${port} on ${host} is in use by another program: end it, or choose another port`;
    return new NetError('port-in-use', text, { cause: error });
  }
  const { code = '', message } = error;
  const reason = reasons[code];
  const found = code || message;
  const why = reason === undefined ? found : `${found}: ${reason}`;
  const text = `cannot listen on port ${port} of ${host}: ${why}`;
  return new NetError('listen-failed', text, { cause: error });
}
