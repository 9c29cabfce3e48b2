import type { Socket } from 'node:net';

/** The first byte of every TLS connection: a handshake record (RFC 8446, 5.1). */
const handshakeRecord = 0x16;

/**
 * Waits for a connection's first bytes and tells those that speak TLS from those that do not. The
 * bytes stay in the socket, as if nobody had looked. Whoever calls this bounds the time that it takes.
 *
 * @param speaksTls called with the socket paused, and with how many bytes have come
 * @param speaksPlain called with the bytes that came; ends the socket
 */
export function tellByFirstByte(
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

/** Says a last thing to a peer that speaks no TLS, and ends the connection. */
export function answerAndClose(socket: Socket, answer: Buffer): void {
  socket.end(answer);
  socket.resume(); // what else it says must not keep the end from reaching it
}
