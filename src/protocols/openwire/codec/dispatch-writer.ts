// Writes MessageDispatch commands from stored heads, without decoding them.

import { equalsAt, readU32 } from '../../../base/bytes.ts';
import { type DataStructure, types, writeStructure } from './commands.gen.ts';
import type { StoredFields } from './stored-fields.ts';
import { decodeNested, encodeNested, unset } from './stored-message.ts';
import { type Long, longAt } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** A structure that many commands contain. */
export class EncodedStructure<S extends DataStructure = DataStructure> {
  readonly structure: S;
  #bytes: Buffer | undefined;

  /** @param bytes the nested structure in the loose encoding, if it is known */
  constructor(structure: S, bytes?: Buffer) {
    this.structure = structure;
    this.#bytes = bytes;
  }

  /** The nested structure in the loose encoding, with the flag that precedes it. */
  get bytes(): Buffer {
    this.#bytes ??= encodeNested(this.structure);
    return this.#bytes;
  }
}

/** The fields of a MessageDispatch that are not those of the stored message. */
export interface DispatchFields {
  consumer: EncodedStructure;
  destination: EncodedStructure;
  /** The destination that the message was sent to, if it is a different one. */
  original: EncodedStructure | undefined;
  /** The producer of the message. */
  producer: EncodedStructure;
  /** The number of the delivery, by which the client acknowledges. */
  number: number;
  redeliveryCounter: number;
  isPersistent: boolean;
  /** Milliseconds since 1970; 0 for never. */
  expiration: number;
  /** The priority, if the sender set none. */
  priority: number;
  /** Milliseconds since 1970. */
  brokerInTime: number;
  brokerOutTime: number;
  isFirstOfGroup: boolean;
}

/**
 * Writes a MessageDispatch of version 10 or higher, field by field. The writer has the content.
 * `copyDispatch` is faster for usual messages in the encoding of stored heads.
 */
export function writeDispatch(w: WireWriter, f: StoredFields, d: DispatchFields): void {
  w.int(0);
  w.bool(false);
  structure(w, d.consumer);
  structure(w, d.destination);
  w.bool(true);
  w.byte(f.type);
  if (w.isTight) w.bool(false); // the message is not in an encoded form
  writeMessage(w, f, d);
  w.int(d.redeliveryCounter);
}

/** Writes a message field by field. */
function writeMessage(w: WireWriter, f: StoredFields, d: DispatchFields): void {
  w.int(0);
  w.bool(false);
  structure(w, d.producer);
  structure(w, d.destination);
  w.cached(undefined, writeStructure); // transaction
  if (f.originalEnd > f.originalAt) {
    w.cached(decodeNested(f.bytes, f.originalAt, f.originalEnd), writeStructure);
  } else if (d.original === undefined) w.cached(undefined, writeStructure);
  else structure(w, d.original);
  w.bool(true);
  w.byte(types.MessageId);
  w.bool(false); // the text of another protocol
  idProducer(w, f, d);
  w.long(longAt(f.bytes, f.sequenceAt));
  w.long(d.number);
  w.cached(undefined, writeStructure); // original transaction
  writeProperties(w, f, d);
  w.bool((f.bytes[f.compressedAt] ?? 0) !== 0);
  w.int(d.redeliveryCounter);
  w.bool(false); // path of brokers
  w.long(longAt(f.bytes, f.arrivalAt));
  text(w, f.bytes, f.userIdAt);
  w.bool((f.bytes[f.receivedByBridgeAt] ?? 0) !== 0);
  w.bool((f.bytes[f.droppableAt] ?? 0) !== 0);
  w.bool(false); // cluster
  w.long(d.brokerInTime);
  w.long(d.brokerOutTime);
  w.bool(d.isFirstOfGroup);
}

/** Writes the fields from the group id to the target consumer. */
function writeProperties(w: WireWriter, f: StoredFields, d: DispatchFields): void {
  const { bytes, propertiesAt } = f;
  text(w, bytes, f.groupIdAt);
  w.int(readU32(bytes, f.groupSequenceAt));
  text(w, bytes, f.correlationIdAt);
  w.bool(d.isPersistent);
  w.long(d.expiration);
  w.byte(priorityOf(f, d));
  const hasReplyTo = bytes[f.replyToAt] !== 0;
  if (hasReplyTo) w.nested(decodeNested(bytes, f.replyToAt, f.timestampAt), writeStructure);
  else w.bool(false);
  w.long(timestampOf(f));
  text(w, bytes, f.jmsTypeAt);
  w.content(undefined);
  const hasProperties = bytes[propertiesAt] !== 0;
  w.bool(hasProperties);
  if (hasProperties) {
    const size = readU32(bytes, propertiesAt + 1);
    w.raw(bytes, propertiesAt + 1, propertiesAt + 5 + size);
  }
  w.bool(false); // data structure
  w.cached(undefined, writeStructure); // target
}

function structure(w: WireWriter, known: EncodedStructure): void {
  w.cached(known.structure, writeStructure);
}

/** Writes the producer in a message id, which is usually that of the message. */
function idProducer(w: WireWriter, f: StoredFields, d: DispatchFields): void {
  const { idProducerAt, idProducerEnd, bytes } = f;
  const own = d.producer.bytes;
  const isSame = own.length === idProducerEnd - idProducerAt && equalsAt(own, bytes, idProducerAt);
  if (isSame) structure(w, d.producer);
  else w.cached(decodeNested(bytes, idProducerAt, idProducerEnd), writeStructure);
}

/** The priority of a dispatched message. */
export function priorityOf(f: StoredFields, d: DispatchFields): number {
  const priority = f.bytes[f.priorityAt] ?? 0;
  return priority === (unset & 0xff) ? d.priority : priority;
}

/** The timestamp of a dispatched message, in milliseconds since 1970; 0 for none. */
export function timestampOf(f: StoredFields): Long {
  const timestamp = longAt(f.bytes, f.timestampAt);
  return timestamp === unset ? 0 : timestamp;
}

/** Writes the text whose flag is at an offset, or null. */
function text(w: WireWriter, bytes: Buffer, at: number): void {
  if (bytes[at] === 0) {
    w.bool(false);
    return;
  }
  const size = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  w.text(bytes, at + 3, at + 3 + size);
}
