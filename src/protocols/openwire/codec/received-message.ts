// Messages of clients, from the frame to the stored head in one pass.

import { copyBytes, equalRange, readU32 } from '../../../base/bytes.ts';
import { headBytesMax } from '../limits.ts';
import type {
  DataStructure,
  Destination,
  Message,
  ProducerId,
  TransactionId,
} from './commands.gen.ts';
import { readStructure, types, writeStructure } from './commands.gen.ts';
import { encodeNested, writeHead } from './stored-message.ts';
import { versionMax } from './wire-format.ts';
import { type Long, longAt, type WireReader } from './wire-reader.ts';
import { stringBytesMax, WireWriter, writeLong } from './wire-writer.ts';

const nothing = Buffer.alloc(0);
/** The size of a 64-bit value. */
const longBytes = 8;

/** Text of this many characters or bytes fits on the wire, whatever its characters. */
export const shortTextMax: number = Math.floor(stringBytesMax / 3);
/** Characters that the text of an id has in addition to that of its connection, and more. */
const idRoom = 64;

/** The command id of a frame, and whether it requires a response, after its type. */
const commandStart = 1;
const commandEnd = 6;
/** The fields of a frame before its content are compared with the last ones up to this size. */
const prefixBytesMax = 1024;
/** Of frames that are all different, one of so many is kept for comparison. */
const keptShare = 16;
/** Maximum number of different frames that are kept one after the other. */
const creditMax = 16;

/** An encoded producer id, for the messages of the same producer that follow. */
interface EncodedProducer {
  readonly id: ProducerId;
  readonly bytes: Buffer;
}

/**
 * A message of a client: the fields that the broker needs, and its stored head. The object is reused
 * for the next message.
 *
 * A usual message is read without creating a structure: its head is written while its frame is read.
 * The head of any other message is made from its structure. Both have the same result.
 */
export class ReceivedMessage {
  commandId = 0;
  responseRequired = false;
  producerId: ProducerId | undefined = undefined;
  destination: Destination | undefined = undefined;
  transactionId: TransactionId | undefined = undefined;
  /** The number of the message from its producer; -1 if it has no id. */
  sequence: Long = -1;
  hasGroup = false;
  isPersistent = false;
  /** When it expires, in milliseconds since 1970; 0 for never. */
  expiration: Long = 0;
  priority = 0;
  timestamp: Long = 0;
  /** The buffer of content and properties. */
  bytes: Buffer = nothing;
  /** The offset of the content; -1 if it is null. */
  contentAt = -1;
  contentEnd = -1;
  /** The offset of the properties; -1 if they are null. */
  propertiesAt = -1;
  propertiesEnd = -1;
  /** The structure of an unusual message. */
  structure: Message | undefined = undefined;
  /** The buffer of the head, which begins at 0. Set by {@link finish}. */
  head: Buffer = nothing;
  headEnd = 0;
  readonly #writer = new WireWriter();
  /** The beginning of the writer's buffer that the last head has taken. */
  #headData: Buffer = nothing;
  #head: Buffer = nothing;
  /** The fields before the content of a frame in the loose encoding without a cache. */
  readonly #prefix: Buffer = Buffer.allocUnsafeSlow(prefixBytesMax);
  /** Their size in bytes, and the version of the encoding; 0 if no frame is kept. */
  #prefixSize = 0;
  #prefixVersion = 0;
  /** Frames that may still be kept: more if many were like the kept one. */
  #credit = 0;
  #otherCount = 0;
  /** Offsets in the frame that was read last. */
  #frameAt = 0;
  #frameSequenceAt = 0;
  #frameDecidedAt = 0;
  #frameReplyToAt = 0;
  #frameTimestampAt = 0;
  #frameContentAt = 0;
  /** Offsets in the head. */
  #sequenceAt = 0;
  #contentFieldAt = 0;
  #persistentAt = 0;
  #expirationAt = 0;
  #priorityAt = 0;
  #timestampAt = 0;
  #producer: EncodedProducer | undefined = undefined;
  /** The producer in the message id, which differs if a message is passed on. */
  #idProducer: EncodedProducer | undefined = undefined;

  constructor() {
    this.#writer.version = versionMax;
  }

  /** Sets it to a message that was decoded. */
  set(message: Message): void {
    const { content, marshalledProperties } = message;
    this.#prefixSize = 0;
    this.structure = message;
    this.commandId = message.commandId;
    this.responseRequired = message.responseRequired;
    this.producerId = message.producerId;
    this.destination = message.destination;
    this.transactionId = message.transactionId;
    this.sequence = message.messageId?.producerSequenceId ?? -1;
    this.hasGroup = message.groupId !== undefined;
    this.isPersistent = message.persistent;
    this.expiration = message.expiration;
    this.priority = message.priority;
    this.timestamp = message.timestamp;
    this.contentAt = content === undefined ? -1 : 0;
    this.contentEnd = content?.length ?? -1;
    this.propertiesAt = marshalledProperties === undefined ? -1 : 0;
    this.propertiesEnd = marshalledProperties?.length ?? -1;
  }

  /** The content; undefined for null. */
  get content(): Buffer | undefined {
    if (this.structure !== undefined) return this.structure.content;
    return this.contentAt < 0 ? undefined : this.bytes.subarray(this.contentAt, this.contentEnd);
  }

  /** The encoded properties; undefined for null. */
  get properties(): Buffer | undefined {
    if (this.structure !== undefined) return this.structure.marshalledProperties;
    const { propertiesAt, propertiesEnd } = this;
    return propertiesAt < 0 ? undefined : this.bytes.subarray(propertiesAt, propertiesEnd);
  }

  /**
   * Reads a message, after the type of its frame.
   *
   * @returns false if it is unusual, or invalid; its structure must be decoded then
   * @throws {BytesError | OpenWireError} if it is invalid
   */
  read(r: WireReader, type: number): boolean {
    if (type === types.BlobMessage) return false;
    this.structure = undefined;
    this.bytes = r.bytes;
    this.#frameAt = r.at - 1;
    const w = this.#writer;
    if (this.#isLike(r)) {
      this.#readLike(r, w);
      return this.#readRest(r, w);
    }
    this.#prefixSize = 0;
    w.begin();
    w.byte(type);
    w.zeros(5);
    this.commandId = r.int();
    this.responseRequired = r.bool();
    if (!this.#readAddress(r, w) || !this.#readProperties(r, w)) return false;
    this.#frameContentAt = r.at;
    this.#contentFieldAt = w.at;
    if (!this.#readRest(r, w)) return false;
    this.#keepPrefix(r);
    return true;
  }

  /**
   * Whether the fields before the content are those of the kept frame, except for the numbers that
   * differ between the messages of a producer.
   */
  #isLike(r: WireReader): boolean {
    const size = this.#prefixSize;
    const at = this.#frameAt;
    if (size === 0 || r.version !== this.#prefixVersion || r.last === undefined) return false;
    if (size > r.end - at || r.bytes[at] !== this.#prefix[0]) return false;
    const isLike =
      this.#isSame(r.bytes, at, commandEnd, this.#frameSequenceAt) &&
      this.#isSame(r.bytes, at, this.#frameSequenceAt + 2 * longBytes, this.#frameDecidedAt) &&
      this.#isSame(r.bytes, at, this.#frameReplyToAt, this.#frameTimestampAt) &&
      this.#isSame(r.bytes, at, this.#frameTimestampAt + longBytes, size);
    if (isLike && this.#credit < creditMax) this.#credit += 2;
    return isLike;
  }

  #isSame(bytes: Buffer, at: number, from: number, to: number): boolean {
    return equalRange(this.#prefix, from, bytes, at + from, to - from);
  }

  /** Reads the fields that differ. All others are those of the last message. */
  #readLike(r: WireReader, w: WireWriter): void {
    const { bytes } = r;
    const at = this.#frameAt;
    this.commandId = readU32(bytes, at + commandStart) | 0;
    this.responseRequired = bytes[at + commandEnd - 1] !== 0;
    const sequenceAt = at + this.#frameSequenceAt;
    this.sequence = longAt(bytes, sequenceAt);
    copyBytes(w.data, this.#sequenceAt, bytes, sequenceAt, sequenceAt + 2 * longBytes);
    const decidedAt = at + this.#frameDecidedAt;
    this.isPersistent = bytes[decidedAt] !== 0;
    this.expiration = longAt(bytes, decidedAt + 1);
    this.priority = ((bytes[decidedAt + 1 + longBytes] ?? 0) << 24) >> 24;
    this.timestamp = longAt(bytes, at + this.#frameTimestampAt);
    r.at = at + this.#prefixSize;
    w.at = this.#contentFieldAt;
  }

  /** Keeps the fields before the content, to compare those of the next messages with them. */
  #keepPrefix(r: WireReader): void {
    const size = this.#frameContentAt - this.#frameAt;
    if (r.last === undefined || size > prefixBytesMax) return;
    if (this.#credit > 0) this.#credit--;
    else if (this.#otherCount++ % keptShare !== 0) return;
    this.#prefixVersion = r.version;
    this.#frameSequenceAt -= this.#frameAt;
    this.#frameDecidedAt -= this.#frameAt;
    this.#frameReplyToAt -= this.#frameAt;
    this.#frameTimestampAt -= this.#frameAt;
    copyBytes(this.#prefix, 0, r.bytes, this.#frameAt, this.#frameContentAt);
    this.#prefixSize = size;
  }

  /** Reads the fields up to the message id. */
  #readAddress(r: WireReader, w: WireWriter): boolean {
    const producerId = r.cached(readStructure);
    const destination = r.cached(readStructure);
    const transactionId = r.cached(readStructure);
    const original = r.cached(readStructure);
    const isProducer = producerId === undefined || isProducerId(producerId);
    if (!isProducer || destination === undefined || !isDestination(destination)) return false;
    if (original !== undefined && !isDestination(original)) return false;
    if (transactionId !== undefined && !isTransactionId(transactionId)) return false;
    this.producerId = producerId;
    this.destination = destination;
    this.transactionId = transactionId;
    if (producerId === undefined) w.zeros(1);
    else {
      if (producerId !== this.#producer?.id) this.#producer = encoded(producerId);
      if (this.#producer === undefined) return false;
      w.raw(this.#producer.bytes, 0, this.#producer.bytes.length);
    }
    w.zeros(3);
    return this.#readId(r, w);
  }

  #readId(r: WireReader, w: WireWriter): boolean {
    // Without a text, which only ids of other protocols have.
    if (!r.bool() || r.byte() !== types.MessageId) return false;
    if (r.version >= 10 && r.bool()) return false;
    const producerId = r.cached(readStructure);
    if (producerId === undefined || !isProducerId(producerId)) return false;
    if (producerId !== this.#idProducer?.id) {
      const isSame = producerId === this.#producer?.id;
      this.#idProducer = isSame ? this.#producer : encoded(producerId);
    }
    if (this.#idProducer === undefined) return false;
    w.byte(1);
    w.byte(types.MessageId);
    w.zeros(1);
    w.raw(this.#idProducer.bytes, 0, this.#idProducer.bytes.length);
    this.#frameSequenceAt = r.at;
    this.#sequenceAt = w.at;
    this.sequence = r.long();
    w.long(this.sequence);
    w.long(r.long());
    const original = r.cached(readStructure);
    w.zeros(1);
    return original === undefined || isTransactionId(original);
  }

  /** Reads the fields up to the content. */
  #readProperties(r: WireReader, w: WireWriter): boolean {
    const groupAt = w.at;
    if (!copyText(r, w)) return false;
    this.hasGroup = w.data[groupAt] !== 0;
    w.int(r.int());
    if (!copyText(r, w)) return false;
    this.#frameDecidedAt = r.at;
    this.isPersistent = r.bool();
    this.#persistentAt = w.claim(1);
    this.expiration = r.long();
    this.#expirationAt = w.claim(longBytes);
    this.priority = r.byte();
    this.#priorityAt = w.claim(1);
    this.#frameReplyToAt = r.at;
    const replyTo = r.nested(readStructure);
    if (replyTo !== undefined) {
      if (!isDestination(replyTo)) return false;
      if ((replyTo.physicalName?.length ?? 0) > shortTextMax) return false;
    }
    w.nested(replyTo, writeStructure);
    this.#frameTimestampAt = r.at;
    this.timestamp = r.long();
    this.#timestampAt = w.claim(longBytes);
    return copyText(r, w);
  }

  /** Reads the content, and the fields after it. */
  #readRest(r: WireReader, w: WireWriter): boolean {
    this.contentAt = -1;
    this.propertiesAt = -1;
    if (!r.bool()) w.zeros(1);
    else {
      const size = r.int();
      if (size < 0) return false;
      this.contentAt = r.skip(size);
      this.contentEnd = this.contentAt + size;
      w.byte(1);
      w.zeros(4);
    }
    if (!r.bool()) w.zeros(1);
    else {
      const size = r.int();
      if (size < 0 || size > headBytesMax) return false;
      this.propertiesAt = r.skip(size);
      this.propertiesEnd = this.propertiesAt + size;
      w.byte(1);
      w.int(size);
      w.raw(r.bytes, this.propertiesAt, this.propertiesEnd);
    }
    if (r.bool()) return false; // a data structure
    const target = r.cached(readStructure);
    if (target !== undefined && target.type !== types.ConsumerId) return false;
    w.zeros(2);
    w.bool(r.bool());
    r.int();
    if (r.bool()) return false; // a path of brokers
    w.zeros(5);
    w.long(r.long());
    return copyText(r, w) && this.#readEnd(r, w);
  }

  /** Reads the fields after the user id. */
  #readEnd(r: WireReader, w: WireWriter): boolean {
    r.bool();
    w.zeros(1);
    w.bool(r.version >= 2 && r.bool());
    if (r.version >= 3) {
      if (r.bool()) return false; // a cluster
      r.long();
      r.long();
    }
    if (r.version >= 10) r.bool();
    w.zeros(1 + 2 * longBytes + 1);
    return r.at === r.end;
  }

  /**
   * Completes the head with the values that the broker decides.
   *
   * @param ttlMs the time to live in milliseconds; -1 for none
   * @param timestamp milliseconds since 1970; -1 if the sender set none
   * @param original the destination of the sender, if it is not that of the message. Only for a
   *   message with a structure
   */
  finish(ttlMs: number, timestamp: number, original: Destination | undefined): void {
    const { structure } = this;
    if (structure !== undefined) {
      structure.persistent = this.isPersistent;
      structure.expiration = ttlMs;
      structure.priority = this.priority;
      structure.timestamp = timestamp;
      structure.originalDestination = original;
      this.head = writeHead(structure);
      this.headEnd = this.head.length;
      return;
    }
    const { data, at } = this.#writer;
    data[this.#persistentAt] = this.isPersistent ? 1 : 0;
    writeLong(data, this.#expirationAt, ttlMs);
    data[this.#priorityAt] = this.priority;
    writeLong(data, this.#timestampAt, timestamp);
    this.head = this.#headOf(data, at);
    this.headEnd = at;
  }

  /** A whole buffer with the head is copied faster than a part of a larger one. */
  #headOf(data: Buffer, size: number): Buffer {
    if (this.#headData !== data || this.#head.length !== size) {
      this.#headData = data;
      this.#head = data.subarray(0, size);
    }
    return this.#head;
  }

  /** Releases the buffers of the message. */
  release(): void {
    this.structure = undefined;
    this.bytes = nothing;
    this.head = nothing;
  }
}

function isProducerId(structure: DataStructure): structure is ProducerId {
  return structure.type === types.ProducerId;
}

function isDestination(structure: DataStructure): structure is Destination {
  const { type } = structure;
  return type >= types.QueueDestination && type <= types.TempTopicDestination;
}

function isTransactionId(structure: DataStructure): structure is TransactionId {
  const { type } = structure;
  return type === types.LocalTransactionId || type === types.XaTransactionId;
}

/**
 * Copies text of ASCII characters, or null. Returns false for other text, whose encoding may not be
 * the usual one, and for text that is too long.
 */
function copyText(r: WireReader, w: WireWriter): boolean {
  const size = r.text();
  if (size < 0) {
    w.zeros(1);
    return true;
  }
  if (size > shortTextMax) return false;
  const { bytes, textAt } = r;
  for (let at = textAt; at < textAt + size; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0 || byte > 127) return false;
  }
  w.byte(1);
  w.short(size);
  w.raw(bytes, textAt, textAt + size);
  return true;
}

/** Encodes a producer id; undefined if it may be too long. */
function encoded(id: ProducerId): EncodedProducer | undefined {
  if ((id.connectionId?.length ?? 0) > shortTextMax - idRoom) return undefined;
  return { id, bytes: encodeNested(id) };
}
