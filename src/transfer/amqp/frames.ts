// Encoding of frames.

import { Writer } from '../../base/bytes.ts';
import { frameEnd, frameTypes } from '../../protocols/amqp091/codec/frames.ts';
import { type Method, writeMethod } from '../../protocols/amqp091/codec/methods.gen.ts';

const frameHeadBytes = 7;
const endByte = Buffer.from([frameEnd]);
const scratch = new Writer(1024);

/** A frame without payload. */
export const heartbeatFrame: Buffer = frame(frameTypes.heartbeat, 0, Buffer.alloc(0));

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeadBytes + payload.length + 1);
  writeHead(bytes, type, channel, payload.length);
  payload.copy(bytes, frameHeadBytes);
  bytes[frameHeadBytes + payload.length] = frameEnd;
  return bytes;
}

function writeHead(bytes: Buffer, type: number, channel: number, size: number): void {
  bytes.writeUInt8(type, 0);
  bytes.writeUInt16BE(channel, 1);
  bytes.writeUInt32BE(size, 3);
}

/** A method frame. */
export function methodFrame(channel: number, method: Method): Buffer {
  scratch.at = 0;
  writeMethod(scratch, method);
  return frame(frameTypes.method, channel, scratch.bytes.subarray(0, scratch.at));
}

/** Class id, weight and body size of a content header, bytes. */
const contentHeadBytes = 12;

/** The header frame of a message. */
export function headerFrame(channel: number, head: Buffer, bodyBytes: number): Buffer {
  const payload = Buffer.allocUnsafe(contentHeadBytes + head.length);
  payload.writeUInt16BE(60, 0);
  payload.writeUInt16BE(0, 2);
  payload.writeBigUInt64BE(BigInt(bodyBytes), 4);
  head.copy(payload, contentHeadBytes);
  return frame(frameTypes.header, channel, payload);
}

/** Passes the body frames of a message on, without copying the parts. */
export function writeBodyFrames(
  channel: number,
  parts: readonly Buffer[],
  frameMax: number,
  write: (bytes: Buffer) => void,
): void {
  const payloadMax = frameMax - frameHeadBytes - 1;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += payloadMax) {
      const size = Math.min(payloadMax, part.length - at);
      const head = Buffer.allocUnsafe(frameHeadBytes);
      writeHead(head, frameTypes.body, channel, size);
      write(head);
      write(part.subarray(at, at + size));
      write(endByte);
    }
  }
}
