// Answers to clients without TLS.

const advice = 'this port accepts OpenWire over TLS only: use ssl://';

/**
 * Returns the answer for a client that does not use TLS. OpenWire has no answer that clients would
 * show, so only HTTP clients get one.
 */
export function answerPlain(bytes: Buffer): Buffer {
  if (!/^[A-Z]{3,7} /.test(bytes.toString('latin1', 0, 16))) return Buffer.alloc(0);
  const head = 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n';
  return Buffer.from(`${head}Content-Length: ${advice.length + 1}\r\n\r\n${advice}\n`);
}
