// Splits the byte stream into packets.

import { SuspendableInput } from '../../suspendable-input.ts';
import { MqttError, malformed } from '../errors.ts';
import { controlPacketBytesMax } from '../limits.ts';
import { packetTypes } from './packets.ts';

/** A packet up to this size is joined to one buffer if it arrives in parts, in bytes. */
const joinedBytesMax = 256 * 1024;

/** Parts that are smaller than this are copied together, in bytes, to buffers of up to this size. */
const smallBytesMax = 4096;
const roomBytesMax = 64 * 1024;

/** The receiver of packets. */
export interface PacketSink {
  /** The type and the flags of a packet that has begun. */
  began(first: number): void;
  /**
   * A packet is complete. The bytes may be kept.
   *
   * @param first the type and the flags
   * @param bytes contains the content between `at` and `end`
   * @param rest further parts of the payload of a large PUBLISH packet
   */
  packet(
    first: number,
    bytes: Buffer,
    at: number,
    end: number,
    rest: readonly Buffer[] | undefined,
  ): void;
}

/** Decodes a byte stream into packets. A packet that is complete in one chunk is not copied. */
export class PacketReader extends SuspendableInput {
  /** Whether the client has logged in. Before that, packets are small. */
  isAdmitted = false;
  /** Maximum size of the content of CONNECT and of other packets, in bytes. */
  readonly #connectBytesMax: number;
  readonly #packetBytesMax: number;
  readonly #sink: PacketSink;
  /** The first byte of the packet; -1 between packets. */
  #first = -1;
  /** The length of its content; complete once `#left` is 0 or more. */
  #length = 0;
  #scale = 1;
  /** Bytes still to be received; -1 while the length is not complete. */
  #left = -1;
  readonly #parts: Buffer[] = [];
  /** The buffer for small parts, and its used length. Its used part is not in `#parts` yet. */
  #room: Buffer | undefined = undefined;
  #roomFrom = 0;
  #roomAt = 0;

  constructor(
    sink: PacketSink,
    terms: { readonly connectBytesMax: number; readonly packetBytesMax: number },
  ) {
    super();
    this.#sink = sink;
    this.#connectBytesMax = terms.connectBytesMax;
    this.#packetBytesMax = terms.packetBytesMax;
  }

  protected override discard(): void {
    this.#clear();
  }

  /** @throws {MqttError} if the bytes are not packets, or exceed a limit */
  protected override decode(bytes: Buffer, at: number): number {
    return this.#left < 0 ? this.#takeHeader(bytes, at) : this.#takeContent(bytes, at);
  }

  #takeHeader(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#first < 0) {
      this.#first = bytes[at++] ?? 0;
      this.#length = 0;
      this.#scale = 1;
      this.#sink.began(this.#first);
    }
    while (at < bytes.length) {
      const byte = bytes[at++] ?? 0;
      this.#length += (byte & 127) * this.#scale;
      if (byte < 128) {
        if (byte === 0 && this.#scale > 1) throw malformed('the remaining length is not minimal');
        return this.#begin(bytes, at);
      }
      this.#scale *= 128;
      if (this.#scale > 2_097_152) throw malformed('the remaining length has more than 4 bytes');
    }
    return at;
  }

  /** The length is known: takes the content if all of it is there. */
  #begin(bytes: Buffer, at: number): number {
    const length = this.#length;
    this.#requireLength(length);
    const end = at + length;
    if (end > bytes.length) {
      this.#left = length;
      return at;
    }
    const first = this.#first;
    this.#first = -1;
    this.#sink.packet(first, bytes, at, end, undefined);
    return end;
  }

  #requireLength(length: number): void {
    const isPublish = this.#first >> 4 === packetTypes.publish;
    const ofOthers = Math.min(controlPacketBytesMax, this.#packetBytesMax);
    const clientMax = isPublish ? this.#packetBytesMax : ofOthers;
    const lengthMax = this.isAdmitted ? clientMax : this.#connectBytesMax;
    if (length <= lengthMax) return;
    const found = `a packet of ${length} bytes`;
    throw new MqttError('peer', 'packetTooLarge', `${found} is larger than ${lengthMax}`);
  }

  #takeContent(bytes: Buffer, from: number): number {
    const size = Math.min(this.#left, bytes.length - from);
    if (size < smallBytesMax) this.#gather(bytes, from, size);
    else {
      this.#closeRoom();
      this.#parts.push(bytes.subarray(from, from + size));
    }
    this.#left -= size;
    if (this.#left === 0) this.#complete();
    return from + size;
  }

  /** Copies small parts together, so that each does not keep a whole chunk in memory. */
  #gather(bytes: Buffer, from: number, size: number): void {
    if (this.#room === undefined || this.#roomAt + size > this.#room.length) {
      this.#closeRoom();
      this.#room = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.#left, roomBytesMax)));
      this.#roomFrom = 0;
      this.#roomAt = 0;
    }
    bytes.copy(this.#room, this.#roomAt, from, from + size);
    this.#roomAt += size;
  }

  #closeRoom(): void {
    if (this.#room === undefined || this.#roomAt === this.#roomFrom) return;
    this.#parts.push(this.#room.subarray(this.#roomFrom, this.#roomAt));
    this.#roomFrom = this.#roomAt;
  }

  #complete(): void {
    this.#closeRoom();
    const first = this.#first;
    const parts = this.#parts.splice(0);
    this.#clear();
    const [only = Buffer.alloc(0), ...others] = parts;
    if (others.length === 0) {
      this.#sink.packet(first, only, 0, only.length, undefined);
      return;
    }
    // The head of a PUBLISH packet is in its first bytes. All of any other packet is needed.
    const isPublish = first >> 4 === packetTypes.publish;
    const sizeMax = isPublish ? joinedBytesMax : Infinity;
    const head: Buffer[] = [];
    let size = 0;
    while (parts.length > 0 && size < sizeMax) {
      const part = parts.shift() ?? only; // there is one
      head.push(part);
      size += part.length;
    }
    const rest = parts.length === 0 ? undefined : parts;
    this.#sink.packet(first, Buffer.concat(head, size), 0, size, rest);
  }

  #clear(): void {
    this.#first = -1;
    this.#left = -1;
    this.#parts.length = 0;
    this.#room = undefined;
    this.#roomFrom = 0;
    this.#roomAt = 0;
  }
}
