// Frames to commands and back, in the negotiated encoding.

import { OpenWireError } from '../errors.ts';
import { type DataStructure, readStructure, writeStructure } from './commands.gen.ts';
import { ReadCache } from './read-cache.ts';
import type { WireFormat } from './wire-format.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';
import { WriteCache } from './write-cache.ts';

/** Where encoded frames go: the outbox of a connection. */
export interface ByteSink {
  /** Copies bytes of any length. */
  append(from: Buffer, start: number, end: number): void;
}

/** One writer and one reader serve all connections, because a frame is encoded without a pause. */
const writer = new WireWriter();
const reader = new WireReader();

/** Room for the length and the type of a frame, and its bits. */
let headRoom = Buffer.alloc(1024);

/** The encoding of a connection, with the caches of both directions. */
export class Codec {
  readonly format: WireFormat;
  readonly #received: ReadCache | undefined;
  readonly #sent: WriteCache | undefined;

  constructor(format: WireFormat) {
    this.format = format;
    const { cacheSize } = format;
    this.#received = cacheSize === 0 ? undefined : new ReadCache(cacheSize);
    this.#sent = cacheSize === 0 ? undefined : new WriteCache(cacheSize);
  }

  /**
   * Decodes a frame. Byte fields are slices of it.
   *
   * @returns undefined for a frame that contains null
   * @throws {OpenWireError | BytesError} if it is invalid
   */
  decode(bytes: Buffer, start: number, end: number): DataStructure | undefined {
    reader.version = this.format.version;
    reader.isTight = this.format.isTight;
    reader.cache = this.#received;
    const type = reader.begin(bytes, start, end);
    if (type === 0) return undefined;
    const found = readStructure(reader, type);
    if (found === undefined) {
      throw new OpenWireError('malformed', `a command of the unknown type ${type}`);
    }
    if (reader.at === end) return found;
    throw new OpenWireError('malformed', `${end - reader.at} bytes behind a command`);
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

  #write(structure: DataStructure, to: ByteSink): void {
    writer.version = this.format.version;
    writer.isTight = this.format.isTight;
    writer.cache = this.#sent;
    writeStructure(writer, structure);
    const { bitsSize, at, bodyAt, bodyStart, bodyEnd } = writer;
    const bodySize = bodyAt < 0 ? 0 : bodyEnd - bodyStart;
    if (5 + bitsSize > headRoom.length) headRoom = Buffer.alloc(5 + bitsSize);
    headRoom.writeUInt32BE(1 + bitsSize + at + bodySize, 0);
    headRoom[4] = structure.type;
    to.append(headRoom, 0, writer.copyBits(headRoom, 5));
    if (bodyAt < 0) {
      to.append(writer.data, 0, at);
      return;
    }
    to.append(writer.data, 0, bodyAt);
    to.append(writer.body, bodyStart, bodyEnd);
    to.append(writer.data, bodyAt, at);
  }
}
