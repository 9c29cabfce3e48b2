import type { Socket } from 'node:net';

/** The first byte of every TLS connection: a handshake record (RFC 8446, 5.1). */
const handshakeRecord = 0x16;

/** Milliseconds in which a client must have said something. */
const patienceMs = 10_000;

/**
 * Waits for a connection's first bytes and tells those that speak TLS from those that do not. The
 * bytes stay in the socket, as if nobody had looked.
 *
 * @param speaksTls called with the socket paused
 * @param speaksPlain called with the bytes that came; ends the socket
 */
export function tellByFirstByte(
  socket: Socket,
  speaksTls: () => void,
  speaksPlain: (bytes: Buffer) => void,
): void {
  const silent = () => socket.destroy();
  socket.setTimeout(patienceMs, silent);
  socket.on('error', silent);
  socket.once('data', (bytes: Buffer) => {
    socket.pause();
    socket.setTimeout(0);
    socket.off('timeout', silent);
    socket.off('error', silent);
    if (bytes[0] === handshakeRecord) {
      socket.unshift(bytes);
      speaksTls();
    } else {
      socket.on('error', silent);
      speaksPlain(bytes);
    }
  });
}

/** Says a last thing to a peer that speaks no TLS, and ends the connection. */
export function answerAndClose(socket: Socket, answer: Buffer): void {
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.end(answer);
  socket.resume(); // what else it says must not keep the end from reaching it
}
