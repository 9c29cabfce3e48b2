// Answers to clients without TLS.

import { frameBytes } from './codec/out-frames.ts';

/**
 * Returns the answer for a client that does not use TLS, in its protocol if that is known.
 *
 * @param isWebSocket whether clients connect to the port by WebSocket
 */
export function answerPlain(bytes: Buffer, isWebSocket = false): Buffer {
  const scheme = isWebSocket ? 'wss' : 'stomp+ssl';
  const advice = `this port accepts STOMP over TLS only: use ${scheme}://`;
  const text = bytes.toString('latin1', 0, 16);
  if (/^(CONNECT|STOMP)\r?\n/.test(text)) {
    const headers = [
      ['content-type', 'text/plain'],
      ['message', advice],
    ] as const;
    return frameBytes('ERROR', headers, advice, '1.0');
  }
  if (!/^[A-Z]{3,7} /.test(text)) return Buffer.alloc(0);
  const head = 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n';
  return Buffer.from(`${head}Content-Length: ${advice.length + 1}\r\n\r\n${advice}\n`);
}
