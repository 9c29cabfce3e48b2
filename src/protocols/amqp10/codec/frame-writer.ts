// Encodes frames.

import { assert } from '../../../base/assert.ts';
import { writeU32 } from '../../../base/bytes.ts';
import type { PeerOutbox } from '../../peer-outbox.ts';
import { AmqpError } from '../errors.ts';
import { peerFrameBytesMin } from '../limits.ts';
import { Encoder } from './encoder.ts';
import { codes } from './format-codes.ts';
import { frameTypes } from './frames.ts';
import { type Composite, compositeCodes, writeComposite } from './performatives.gen.ts';

const headerBytes = 8;

/** Size of the header and performative of a transfer frame, in bytes. */
export const transferBytes = 37;

/** Size of the list in it, without its code and this size. */
const listBytes = transferBytes - headerBytes - 5;

const emptyFrame = Buffer.of(0, 0, 0, 8, 2, 0, 0, 0);

/** Reused for every frame. */
const scratch = new Encoder(1024);

/** The fields of an outgoing transfer. */
export interface TransferFields {
  readonly channel: number;
  readonly handle: number;
  readonly deliveryId: number;
  messageFormat: number;
  readonly isSettled: boolean;
}

/** Writes frames to a peer. */
export class FrameWriter {
  /** The maximum size of a frame that the peer accepts, in bytes. */
  frameBytesMax = peerFrameBytesMin;
  readonly #outbox: PeerOutbox;

  constructor(outbox: PeerOutbox) {
    this.#outbox = outbox;
  }

  /** Writes an empty frame, which keeps the connection alive. */
  empty(): void {
    this.#outbox.append(emptyFrame, 0, headerBytes);
  }

  /**
   * Writes a frame without a payload.
   *
   * @throws {AmqpError} `frame-size-too-small` if the peer does not accept frames of its size
   */
  write(channel: number, composite: Composite, type: number = frameTypes.amqp): void {
    this.#encode(channel, composite, type);
    this.#outbox.append(scratch.bytes, 0, scratch.length);
  }

  /** Returns a frame without a payload, to be written later. @throws see {@link write} */
  encode(channel: number, composite: Composite): Buffer {
    this.#encode(channel, composite, frameTypes.amqp);
    return Buffer.from(scratch.bytes.subarray(0, scratch.length));
  }

  #encode(channel: number, composite: Composite, type: number): void {
    scratch.restart(headerBytes);
    writeComposite(scratch, composite);
    const { bytes, length } = scratch;
    if (length > this.frameBytesMax) {
      const found = `a frame of ${length} bytes for the peer`;
      throw new AmqpError('frame-size-too-small', `${found}, which accepts ${this.frameBytesMax}`);
    }
    writeHeader(bytes, 0, length, type, channel);
  }

  /**
   * Begins a transfer frame: writes everything before its payload.
   *
   * @param payloadBytes number of bytes that the caller appends to the outbox
   * @param isMore whether another frame of the same delivery follows
   */
  beginTransfer(fields: TransferFields, payloadBytes: number, isMore: boolean): void {
    const { channel, handle, deliveryId, messageFormat, isSettled } = fields;
    const outbox = this.#outbox;
    const start = outbox.claim(transferBytes);
    const { bytes } = outbox;
    let at = start + headerBytes;
    bytes[at++] = codes.described;
    bytes[at++] = codes.smallulong;
    bytes[at++] = compositeCodes.transfer;
    bytes[at++] = codes.list8;
    bytes[at++] = listBytes;
    bytes[at++] = 6;
    bytes[at++] = codes.uint;
    at = writeU32(bytes, at, handle);
    bytes[at++] = codes.uint;
    at = writeU32(bytes, at, deliveryId);
    bytes[at++] = codes.vbin8;
    bytes[at++] = 4;
    at = writeU32(bytes, at, deliveryId);
    bytes[at++] = codes.uint;
    at = writeU32(bytes, at, messageFormat);
    bytes[at++] = isSettled ? codes.true : codes.false;
    bytes[at++] = isMore ? codes.true : codes.false;
    assert(at - start === transferBytes, 'the fields of a transfer have a fixed size');
    writeHeader(bytes, start, transferBytes + payloadBytes, frameTypes.amqp, channel);
  }
}

function writeHeader(
  bytes: Buffer,
  start: number,
  size: number,
  type: number,
  channel: number,
): void {
  writeU32(bytes, start, size);
  bytes[start + 4] = 2;
  bytes[start + 5] = type;
  bytes[start + 6] = channel >>> 8;
  bytes[start + 7] = channel;
}
