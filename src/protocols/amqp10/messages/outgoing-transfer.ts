// Transfers to the peer: one message in as many frames as its size needs.

import type { Delivery } from '../../../broker/subscription.ts';
import type { PeerOutbox } from '../../peer-outbox.ts';
import { type FrameWriter, type TransferFields, transferBytes } from '../codec/frame-writer.ts';
import type { HeadWriter } from './head-writer.ts';

/** The writers of a connection. */
interface Writers {
  readonly frames: FrameWriter;
  readonly outbox: PeerOutbox;
}

/** Bytes of a message that are written in a turn of the event loop; the last frame may exceed them. */
const turnBytesMax = 1024 * 1024;

/** Size above which a body is not copied to be written in several turns. */
const largeBodyBytes = 1024 * 1024;

const noBody = Buffer.alloc(0);

/** A message whose other frames wait for the window of the session, or another turn. */
export interface PartialTransfer {
  readonly fields: TransferFields;
  /** The message up to {@link body}. */
  readonly bytes: Buffer;
  /** The body of a large message in its block; otherwise empty. */
  readonly body: Buffer;
  readonly sizeBytes: number;
  /** The offset of the bytes that are not sent yet. */
  at: number;
}

/** A message that is complete in one buffer. */
export function wholeTransfer(fields: TransferFields, bytes: Buffer): PartialTransfer {
  return { fields, bytes, body: noBody, sizeBytes: bytes.length, at: 0 };
}

/** The result of writing a message. It is reused. */
export const written = {
  /** The number of frames that were written. */
  frameCount: 0,
  /** The rest of the message, if the window did not permit all of it. */
  rest: undefined as PartialTransfer | undefined,
};

/**
 * Writes a message: new first sections, the other sections of the head as they were received, and
 * the body.
 *
 * @param fields of the transfer; the message format is set here
 * @param delivery in the format of AMQP 1.0
 * @param heads writes the first sections
 * @param window maximum number of frames; at least 1
 * @returns {@link written}
 */
export function writeMessage(
  writers: Writers,
  fields: TransferFields,
  delivery: Delivery,
  heads: HeadWriter,
  nowMs: number,
  window: number,
): typeof written {
  const { buffer, headAt, headLength, bodyAt, bodyLength } = delivery;
  heads.write(delivery, nowMs);
  const { bytes: first, length: firstLength, restAt, messageFormat } = heads;
  const headEnd = headAt + headLength;
  const total = firstLength + headEnd - restAt + bodyLength;
  const { frames, outbox } = writers;
  fields.messageFormat = messageFormat;
  if (total <= frames.frameBytesMax - transferBytes) {
    frames.beginTransfer(fields, total, false);
    outbox.append(first, 0, firstLength);
    if (bodyAt === headEnd) outbox.append(buffer, restAt, bodyAt + bodyLength);
    else {
      outbox.append(buffer, restAt, headEnd);
      outbox.append(buffer, bodyAt, bodyAt + bodyLength);
    }
    written.frameCount = 1;
    written.rest = undefined;
    return written;
  }
  const head = [first.subarray(0, firstLength), buffer.subarray(restAt, headEnd)];
  const body = buffer.subarray(bodyAt, bodyAt + bodyLength);
  // The record of a large message is alone in its block, whose buffer nothing else uses.
  const isLarge = bodyLength > largeBodyBytes;
  const bytes = Buffer.concat(isLarge ? head : [...head, body]);
  const rest = { fields, bytes, body: isLarge ? body : noBody, sizeBytes: total, at: 0 };
  written.frameCount = writeRest(writers, rest, window);
  written.rest = rest.at < total ? rest : undefined;
  return written;
}

/**
 * Writes further frames of a message, up to about {@link turnBytesMax}.
 *
 * @param window maximum number of frames
 * @returns the number of frames that were written
 */
export function writeRest(
  { frames, outbox }: Writers,
  rest: PartialTransfer,
  window: number,
): number {
  const { fields, bytes, body, sizeBytes } = rest;
  const payloadBytesMax = frames.frameBytesMax - transferBytes;
  const turnEnd = Math.min(rest.at + turnBytesMax, sizeBytes);
  let count = 0;
  while (rest.at < turnEnd && count < window) {
    const end = Math.min(rest.at + payloadBytesMax, sizeBytes);
    frames.beginTransfer(fields, end - rest.at, end < sizeBytes);
    const split = bytes.length;
    if (rest.at < split) outbox.append(bytes, rest.at, Math.min(end, split));
    if (end > split) outbox.append(body, Math.max(rest.at - split, 0), end - split);
    rest.at = end;
    count++;
  }
  return count;
}
