// The address of the client of a connection, which a proxy may have stated.

/** An address with a port. */
export interface ClientAddress {
  readonly address: string;
  readonly port: number;
}

/** The parts of a socket that identify its connection. */
export interface RemoteEnd {
  readonly localAddress?: string | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

const stated = new WeakMap<object, ClientAddress>();

/** Records what a trusted proxy says about the client of a connection. */
export function stateClient(socket: object, client: ClientAddress): void {
  stated.set(socket, client);
}

/**
 * The client of a connection: what its proxy stated, or else its peer. The address is empty if the
 * socket is closed.
 */
export function clientOf(socket: RemoteEnd): ClientAddress {
  const { remoteAddress = '', remotePort = 0 } = socket;
  const client = stated.get(socket);
  if (client !== undefined) return client;
  // A listener on `::` also has clients with IPv4.
  const isMapped = remoteAddress.startsWith('::ffff:');
  const address = isMapped ? remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, '') : remoteAddress;
  return { address, port: remotePort };
}
