// Answers to clients without TLS.

import { Writer } from '../../base/bytes.ts';
import { frameEnd, frameTypes } from './codec/frames.ts';
import { methodIds, writeMethod } from './codec/methods.gen.ts';
import { protocolHeader } from './handshake.ts';

const notAllowed = 530;
const advice = 'this port speaks AMQP over TLS only: use amqps://';

/**
 * The answer to a client that does not use TLS, in its own protocol if that is recognised; empty for AMQP 1.0,
 * which cannot read it.
 */
export function answerPlain(bytes: Buffer): Buffer {
  if (bytes.subarray(0, 4).equals(protocolHeader.subarray(0, 4))) {
    return isVersion1(bytes) ? Buffer.alloc(0) : connectionClose();
  }
  if (/^[A-Z]{3,7} /.test(bytes.toString('latin1', 0, 8))) {
    const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n`;
    return Buffer.from(`${head}Content-Length: ${advice.length + 1}\r\n\r\n${advice}\n`);
  }
  return Buffer.alloc(0);
}

/** Whether a protocol header has an id and the version 1.0.0. */
function isVersion1(bytes: Buffer): boolean {
  return bytes.toString('latin1', 5, 8) === '\x01\0\0';
}

/** Clients show the text of `connection.close` at any time. */
function connectionClose(): Buffer {
  const payload = new Writer();
  const replyText = `NOT_ALLOWED - ${advice}`;
  writeMethod(payload, {
    id: methodIds.connectionClose,
    replyCode: notAllowed,
    replyText,
    classId: 0,
    methodId: 0,
  });
  const frame = new Writer(payload.at + 8);
  frame.u8(frameTypes.method);
  frame.u16(0);
  frame.longBytes(payload.toBuffer());
  frame.u8(frameEnd);
  return frame.toBuffer();
}
