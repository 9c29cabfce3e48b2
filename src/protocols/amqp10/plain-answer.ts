// Answers to clients without TLS.

import { protocolHeader, protocolIds } from './codec/frames.ts';

const advice = 'this port accepts AMQP 1.0 over TLS only: use amqp+ssl:// or amqps://';

/**
 * Returns the answer for a client that does not use TLS: the protocol header that it would have to
 * use (2.2), or an HTTP response.
 */
export function answerPlain(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1', 0, 16);
  if (text.startsWith('AMQP')) return protocolHeader(protocolIds.sasl);
  if (!/^[A-Z]{3,7} /.test(text)) return Buffer.alloc(0);
  const head = 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n';
  return Buffer.from(`${head}Content-Length: ${advice.length + 1}\r\n\r\n${advice}\n`);
}
