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

/** A message whose other frames wait for the window of the session. */
export interface PartialTransfer {
  readonly fields: TransferFields;
  readonly bytes: Buffer;
  /** The offset of the bytes that are not sent yet. */
  at: number;
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
  const bytes = Buffer.concat([
    first.subarray(0, firstLength),
    buffer.subarray(restAt, headEnd),
    buffer.subarray(bodyAt, bodyAt + bodyLength),
  ]);
  const rest = { fields, bytes, at: 0 };
  written.frameCount = writeRest(writers, rest, window);
  written.rest = rest.at < bytes.length ? rest : undefined;
  return written;
}

/**
 * Writes further frames of a message.
 *
 * @param window maximum number of frames
 * @returns the number of frames that were written
 */
export function writeRest(
  { frames, outbox }: Writers,
  rest: PartialTransfer,
  window: number,
): number {
  const { fields, bytes } = rest;
  const payloadBytesMax = frames.frameBytesMax - transferBytes;
  let count = 0;
  while (rest.at < bytes.length && count < window) {
    const end = Math.min(rest.at + payloadBytesMax, bytes.length);
    frames.beginTransfer(fields, end - rest.at, end < bytes.length);
    outbox.append(bytes, rest.at, end);
    rest.at = end;
    count++;
  }
  return count;
}
