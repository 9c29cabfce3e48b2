// Answers to WebSocket clients without TLS.

const advice = 'this port accepts WebSocket over TLS only: use wss://';

/** Returns the answer for an HTTP client that does not use TLS; undefined for any other client. */
export function answerPlainHttp(bytes: Buffer): Buffer | undefined {
  if (!/^[A-Z]{3,7} /.test(bytes.toString('latin1', 0, 16))) return undefined;
  const head = 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n';
  return Buffer.from(`${head}Content-Length: ${advice.length + 1}\r\n\r\n${advice}\n`);
}
