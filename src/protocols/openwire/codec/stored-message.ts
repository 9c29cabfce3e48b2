// Messages as they are stored.

import { WaxwingError } from '../../../base/errors.ts';
import {
  type DataStructure,
  type Message,
  plainMessage,
  readStructure,
  types,
  writeStructure,
} from './commands.gen.ts';
import { versionMax } from './wire-format.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/*
 * The head of a stored message is its type and its fields in the loose encoding of version 12,
 * without a cache. Fields that belong to the transmission are null or 0. Some fields differ:
 *
 * - `expiration` is the time to live in milliseconds, or -1 for none.
 * - `priority` and `timestamp` are -1 if the sender set none.
 * - `content` is empty, if the message has a content, which is the body; otherwise it is null.
 */

const reader = new WireReader();
reader.version = versionMax;
const writer = new WireWriter();
writer.version = versionMax;

const nothing = Buffer.alloc(0);

/** No time to live. */
export const noTimeToLive = -1;
/** The priority or timestamp of a message whose sender set none. */
export const unset = -1;

/** Encodes the head of a message. */
export function writeHead(message: Message): Buffer {
  writer.begin();
  writer.byte(message.type);
  writeStructure(writer, {
    ...message,
    commandId: 0,
    responseRequired: false,
    destination: undefined,
    transactionId: undefined,
    originalTransactionId: undefined,
    content: message.content && nothing,
    targetConsumerId: undefined,
    redeliveryCounter: 0,
    brokerPath: undefined,
    cluster: undefined,
    brokerInTime: 0,
    brokerOutTime: 0,
    receivedByBridge: false,
    groupFirstForConsumer: false,
  });
  return Buffer.from(writer.data.subarray(0, writer.at));
}

/** Encodes a nested structure of a head, with the flag that precedes it. */
export function encodeNested(structure: DataStructure): Buffer {
  writer.begin();
  writer.nested(structure, writeStructure);
  return Buffer.from(writer.data.subarray(0, writer.at));
}

/**
 * Decodes a nested structure of a head.
 *
 * @throws {BytesError | OpenWireError} if it is invalid
 */
export function decodeNested(
  buffer: Buffer,
  start: number,
  end: number,
): DataStructure | undefined {
  reader.resume(buffer, start, end);
  return reader.nested(readStructure);
}

/** Decodes a head. Byte fields are slices of the buffer. A head that is invalid has no fields. */
export function readHead(buffer: Buffer, start: number, end: number): Message {
  try {
    const found = readStructure(reader, reader.begin(buffer, start, end));
    if (found !== undefined && isMessage(found)) return found;
  } catch (thrown) {
    if (!(thrown instanceof WaxwingError)) throw thrown;
  }
  return plainMessage({ expiration: noTimeToLive, priority: unset, timestamp: unset });
}

/** Whether a structure is a message. */
export function isMessage(structure: { readonly type: number }): structure is Message {
  return structure.type >= types.PlainMessage && structure.type <= types.BlobMessage;
}
