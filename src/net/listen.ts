import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { NetError } from './errors.ts';

const ipv4Loopback = '127.0.0.1';
const ipv6Loopback = '::1';

/** Free ports that are tried where the first is taken on the other loopback address. */
const attemptCountMax = 20;

/**
 * Opens a server's port. A server on 127.0.0.1 also listens on ::1 where the machine has it, and the
 * other way round, because clients reach `localhost` by either address.
 *
 * @param port 0 for any free one
 * @returns the port it listens on
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
    // The name would be resolved to either address, in an order that the machine chooses.
    const address = host === 'localhost' ? ipv4Loopback : host;
    server.listen({ host: address, port, backlog: 1024 }, () => {
      server.off('error', refused);
      resolve((server.address() as AddressInfo).port); // it listens on a port, not on a pipe
    });
  });
}

/** Opens the same port on the other loopback address; its connections are the server's. */
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
  // `close` is the one call after which a server takes no more connections; there is no event for it.
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

function toNetError(error: NodeJS.ErrnoException, host: string, port: number): NetError {
  if (error.code === 'EADDRINUSE') {
    const text = `port ${port} on ${host} is in use by another program`;
    return new NetError('port-in-use', text, { cause: error });
  }
  const text = `cannot listen on port ${port} of ${host}: ${error.code ?? error.message}`;
  return new NetError('listen-failed', text, { cause: error });
}
