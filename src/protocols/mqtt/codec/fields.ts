// Reads the fields of packets.

import { isUtf8 } from 'node:buffer';
import { malformed } from '../errors.ts';

/**
 * Reads fields between two offsets of a buffer. The object is reused for each packet.
 *
 * @throws {MqttError} `malformedPacket` from every method, if the data ends too early or is invalid
 */
export class FieldReader {
  bytes: Buffer = Buffer.alloc(0);
  /** The offset of the next field. */
  at = 0;
  end = 0;

  /** Sets the bytes to read. */
  open(bytes: Buffer, at: number, end: number): this {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    return this;
  }

  /** The number of remaining bytes. */
  get left(): number {
    return this.end - this.at;
  }

  /** Skips `size` bytes and returns their offset. */
  skip(size: number): number {
    const start = this.at;
    if (size > this.end - start) {
      throw malformed(`a packet ends ${size - (this.end - start)} bytes too early`);
    }
    this.at = start + size;
    return start;
  }

  u8(): number {
    return this.bytes[this.skip(1)] ?? 0;
  }

  u16(): number {
    const at = this.skip(2);
    return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.skip(4));
  }

  /** A variable byte integer. */
  variable(): number {
    let value = 0;
    for (let scale = 1, count = 1; ; scale *= 128, count++) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) {
        // [MQTT-1.5.5-1]
        if (byte === 0 && count > 1) throw malformed('a variable byte integer is not minimal');
        return value;
      }
      if (count === 4) throw malformed('a variable byte integer is longer than 4 bytes');
    }
  }

  /** A UTF-8 string. [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
  text(): string {
    const size = this.u16();
    const start = this.skip(size);
    return checkedText(this.bytes, start, start + size);
  }

  /** Binary data: a slice of the bytes. */
  binary(): Buffer {
    const size = this.u16();
    const start = this.skip(size);
    return this.bytes.subarray(start, start + size);
  }
}

/**
 * Decodes a UTF-8 string.
 *
 * @throws {MqttError} `malformedPacket` if it is not valid UTF-8 or contains U+0000
 */
export function checkedText(bytes: Buffer, start: number, end: number): string {
  const slice = bytes.subarray(start, end);
  if (!isUtf8(slice)) throw malformed('a string is not valid UTF-8');
  if (slice.includes(0)) throw malformed('a string contains U+0000');
  return bytes.toString('utf8', start, end);
}

/** Whether text can be sent as a UTF-8 string. */
export function isSendable(text: string): boolean {
  if (!text.isWellFormed() || text.includes('\0')) return false;
  return text.length * 3 <= 65_535 || Buffer.byteLength(text) <= 65_535;
}
