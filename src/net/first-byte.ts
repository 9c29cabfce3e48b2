// Detection of TLS by the first byte of a connection.

import type { Socket } from 'node:net';

/** The first byte of every TLS connection: a handshake record (RFC 8446, 5.1). */
const handshakeRecord = 0x16;

/**
 * Waits for the first bytes of a connection and detects whether it uses TLS. The bytes are put back
 * into the socket. The caller limits the waiting time.
 *
 * @param speaksTls called with the socket paused, and with the number of bytes received
 * @param speaksPlain called with the received bytes; closes the socket
 */
export function detectTls(
  socket: Socket,
  speaksTls: (sizeBytes: number) => void,
  speaksPlain: (bytes: Buffer) => void,
): void {
  socket.once('data', (bytes: Buffer) => {
    socket.pause();
    if (bytes[0] === handshakeRecord) {
      socket.unshift(bytes);
      speaksTls(bytes.length);
    } else speaksPlain(bytes);
  });
}

/** Sends a final answer to a peer that does not use TLS, and closes the connection. */
export function answerAndClose(socket: Socket, answer: Buffer): void {
  socket.end(answer);
  socket.resume(); // unread data would prevent the end of the connection
}
