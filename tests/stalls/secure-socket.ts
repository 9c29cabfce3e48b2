// Sockets of the clients.

import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';

/** A socket over TLS. */
export async function secureSocket(port: number, ca: string): Promise<Duplex> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  return socket;
}

/** Writes bytes; resolves once the socket takes more. */
export async function writeAll(socket: Duplex, bytes: Buffer): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
}
