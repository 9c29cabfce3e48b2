// Frames to commands and back, in the negotiated encoding.

import { assert } from '../../../base/assert.ts';
import { writeU32 } from '../../../base/bytes.ts';
import { OpenWireError } from '../errors.ts';
import { type DataStructure, readStructure, types, writeStructure } from './commands.gen.ts';
import { copiedDispatchSize, copyDispatch } from './copied-dispatch.ts';
import { type DispatchFields, writeDispatch } from './dispatch-writer.ts';
import { LastStructures } from './last-structures.ts';
import { ReadCache } from './read-cache.ts';
import { ReceivedMessage } from './received-message.ts';
import type { StoredFields } from './stored-fields.ts';
import { isMessage } from './stored-message.ts';
import type { WireFormat } from './wire-format.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';
import { WriteCache } from './write-cache.ts';

/** Where encoded frames go: the outbox of a connection. */
export interface ByteSink {
  /** Copies bytes of any length. */
  append(from: Buffer, start: number, end: number): void;
  /** Writes the content of a stored message, which may stay in its buffer if it is large. */
  appendBody?(from: Buffer, start: number, end: number): void;
}

/** A sink that can be written to directly. */
export interface DirectSink extends ByteSink {
  /**
   * Reserves bytes, all of which must be written at once.
   *
   * @param size in bytes, at most 65536
   * @returns the position in {@link bytes}
   */
  claim(size: number): number;
  readonly bytes: Buffer;
}

/** Maximum size of a frame that is written directly to its sink, in bytes. */
export const directBytesMax = 65_536;

/** One writer and one reader serve all connections, because a frame is encoded without a pause. */
const writer = new WireWriter();
const reader = new WireReader();
const received = new ReceivedMessage();

/** Room for the length and the type of a frame, and its bits. */
let headRoom = Buffer.alloc(1024);

/** The encoding of a connection, with the caches of both directions. */
export class Codec {
  readonly format: WireFormat;
  readonly #received: ReadCache | undefined;
  /** Replaces the cache of received structures. */
  readonly #last: LastStructures | undefined;
  readonly #sent: WriteCache | undefined;

  constructor(format: WireFormat) {
    this.format = format;
    const { cacheSize } = format;
    this.#received = cacheSize === 0 ? undefined : new ReadCache(cacheSize);
    this.#last = cacheSize > 0 || format.isTight ? undefined : new LastStructures();
    this.#sent = cacheSize === 0 ? undefined : new WriteCache(cacheSize);
  }

  /** Whether the encoding of what is sent is that of stored heads. */
  get copiesHeads(): boolean {
    return !this.format.isTight && this.#sent === undefined;
  }

  /**
   * Decodes a frame. Byte fields are slices of it.
   *
   * @returns undefined for a frame that contains null
   * @throws {OpenWireError | BytesError} if it is invalid
   */
  decode(bytes: Buffer, start: number, end: number): DataStructure | undefined {
    const type = this.#begin(bytes, start, end);
    if (type === 0) return undefined;
    const found = readStructure(reader, type);
    if (found === undefined) {
      throw new OpenWireError('malformed', `a command of the unknown type ${type}`);
    }
    if (reader.at === end) return found;
    throw new OpenWireError('malformed', `${end - reader.at} bytes behind a command`);
  }

  #begin(bytes: Buffer, start: number, end: number): number {
    reader.version = this.format.version;
    reader.isTight = this.format.isTight;
    reader.cache = this.#received;
    reader.last = this.#last;
    return reader.begin(bytes, start, end);
  }

  /**
   * Decodes a frame with a message.
   *
   * @returns the message, in an object that the next call overwrites
   * @throws {OpenWireError | BytesError} if it is invalid
   */
  receive(bytes: Buffer, start: number, end: number): ReceivedMessage {
    if (received.read(reader, this.#begin(bytes, start, end))) return received;
    return this.receiveStructure(bytes, start, end);
  }

  /** The same as {@link receive}, but the message always has a structure. */
  receiveStructure(bytes: Buffer, start: number, end: number): ReceivedMessage {
    const found = this.decode(bytes, start, end);
    assert(found !== undefined && isMessage(found), 'a frame contains no message');
    received.set(found);
    return received;
  }

  /** Encodes a structure with its length. */
  encode(structure: DataStructure, to: ByteSink): void {
    writer.begin();
    this.#write(structure, to);
  }

  /** The same for a structure that contains a message, whose content is in a buffer. */
  encodeWithBody(
    structure: DataStructure,
    body: Buffer,
    start: number,
    end: number,
    to: ByteSink,
  ): void {
    writer.begin();
    writer.setBody(body, start, end);
    this.#write(structure, to);
  }

  /**
   * Encodes a MessageDispatch from the head of a stored message. The version must be 10 or higher.
   *
   * @param start the offset of the body in the buffer of the fields
   */
  encodeDispatch(
    fields: StoredFields,
    dispatch: DispatchFields,
    start: number,
    end: number,
    to: DirectSink,
  ): void {
    if (this.copiesHeads) {
      const hasContent = fields.hasContent || end > start;
      const bodySize = hasContent ? end - start : -1;
      const size = copiedDispatchSize(fields, dispatch, bodySize);
      if (size <= directBytesMax) {
        const at = to.claim(size);
        copyDispatch(to.bytes, at, size, fields, dispatch, start, bodySize);
        return;
      }
    }
    this.encodeDispatchByField(fields, dispatch, start, end, to);
  }

  /** The same for any encoding and size. */
  encodeDispatchByField(
    fields: StoredFields,
    dispatch: DispatchFields,
    start: number,
    end: number,
    to: ByteSink,
  ): void {
    writer.begin();
    if (fields.hasContent || end > start) writer.setBody(fields.bytes, start, end);
    this.#prepare();
    writeDispatch(writer, fields, dispatch);
    this.#send(types.MessageDispatch, to);
  }

  /** Returns the frame of a plain response, which contains nothing but the number of the command. */
  plainResponse(correlationId: number): Buffer {
    const { isTight } = this.format;
    const size = isTight ? 11 : 10;
    const frame = Buffer.allocUnsafe(4 + size);
    let at = writeU32(frame, 0, size);
    frame[at++] = types.PlainResponse;
    // The flag of a required response is a bit, after the number of bytes with bits.
    if (isTight) frame[at++] = 1;
    if (isTight) frame[at++] = 0;
    at = writeU32(frame, at, 0);
    if (!isTight) frame[at++] = 0;
    writeU32(frame, at, correlationId);
    return frame;
  }

  #write(structure: DataStructure, to: ByteSink): void {
    this.#prepare();
    writeStructure(writer, structure);
    this.#send(structure.type, to);
  }

  #prepare(): void {
    writer.version = this.format.version;
    writer.isTight = this.format.isTight;
    writer.cache = this.#sent;
  }

  #send(type: number, to: ByteSink): void {
    const { bitsSize, at, bodyAt, bodyStart, bodyEnd } = writer;
    const bodySize = bodyAt < 0 ? 0 : bodyEnd - bodyStart;
    if (5 + bitsSize > headRoom.length) headRoom = Buffer.alloc(5 + bitsSize);
    writeU32(headRoom, 0, 1 + bitsSize + at + bodySize);
    headRoom[4] = type;
    to.append(headRoom, 0, writer.copyBits(headRoom, 5));
    if (bodyAt < 0) {
      to.append(writer.data, 0, at);
      return;
    }
    to.append(writer.data, 0, bodyAt);
    if (to.appendBody === undefined) to.append(writer.body, bodyStart, bodyEnd);
    else to.appendBody(writer.body, bodyStart, bodyEnd);
    to.append(writer.data, bodyAt, at);
  }
}
