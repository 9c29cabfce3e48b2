// Reads the server name that the client of a connection asks for.

import type { Socket } from 'node:net';
import { ClientHelloReader } from './client-hello.ts';

/** The alerts that end a connection whose name is unknown or unreadable (RFC 8446, 6.2). */
const alerts = { 'decode-error': 50, 'unrecognized-name': 112 } as const;

/**
 * Reads the server name in the first message of a TLS connection, and puts the bytes back into the
 * socket. The caller limits the time. A connection with anything else is closed with an alert.
 *
 * @param socket paused
 * @param found called at most once, with the socket paused
 */
export function readServerName(
  socket: Socket,
  bytesMax: number,
  found: (name: string | undefined) => void,
): void {
  const reader = new ClientHelloReader(bytesMax);
  const read = (bytes: Buffer) => {
    const result = reader.push(bytes);
    if (result === 'incomplete') return;
    socket.off('data', read);
    socket.pause();
    if ('wrong' in result) {
      refuseName(socket, 'decode-error');
      return;
    }
    socket.unshift(Buffer.from(reader.received));
    found(result.name);
  };
  socket.on('data', read);
  socket.resume();
}

/** Closes a connection with a fatal alert. */
export function refuseName(socket: Socket, alert: keyof typeof alerts): void {
  socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, alerts[alert]]));
  socket.resume(); // unread data would prevent the end of the connection
}
