// Positions of the sections of an encoded message (3.2).

import { readU32 } from '../../../base/bytes.ts';
import { codes } from '../codec/format-codes.ts';
import { decodeError } from '../errors.ts';

/** The descriptors of the sections. */
export const sections = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

const names = new Map<string, number>([
  ['amqp:header:map', sections.header],
  ['amqp:header:list', sections.header],
  ['amqp:delivery-annotations:map', sections.deliveryAnnotations],
  ['amqp:message-annotations:map', sections.messageAnnotations],
  ['amqp:properties:list', sections.properties],
  ['amqp:application-properties:map', sections.applicationProperties],
  ['amqp:data:binary', sections.data],
  ['amqp:amqp-sequence:list', sections.sequence],
  ['amqp:amqp-value:*', sections.value],
  ['amqp:footer:map', sections.footer],
]);

/** Sizes of the data of the fixed-width categories 0x4_ to 0x9_, in bytes. */
const fixedSizes = [0, 1, 2, 4, 8, 16];

/**
 * The number of bytes of a section's beginning from which its end can be told: marker, descriptor,
 * code, and a size of four bytes. A symbolic descriptor is no longer than this allows.
 */
export const sectionStartBytes = 64;

/**
 * Returns the offset after a value, which may be beyond `end`; -1 if more bytes are needed to tell.
 *
 * @throws {AmqpError} `decode-error`
 */
function valueEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] === codes.described) {
    at = valueEndPlain(bytes, at + 1, end);
    if (at < 0 || at >= end) return -1;
  }
  return valueEndPlain(bytes, at, end);
}

function valueEndPlain(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return -1;
  const code = bytes[at] ?? 0;
  const category = code >>> 4;
  const fixed = fixedSizes[category - 4];
  if (fixed !== undefined) return at + 1 + fixed;
  const isShort = category === 0xa || category === 0xc || category === 0xe;
  if (isShort) return at + 1 >= end ? -1 : at + 2 + (bytes[at + 1] ?? 0);
  const isLong = category === 0xb || category === 0xd || category === 0xf;
  if (!isLong) throw decodeError(`0x${code.toString(16)} is not a format code`);
  return at + 5 > end ? -1 : at + 5 + readU32(bytes, at + 1);
}

/** Finds the sections of a message one after another. The object is reused. */
export class SectionScan {
  /** The descriptor of the section. */
  code = 0;
  /** The offset of the section's value, after the descriptor. */
  valueAt = 0;
  /** The offset after the section; may be beyond the given bytes. */
  end = 0;

  /**
   * Reads the beginning of the section at an offset.
   *
   * @returns false if more bytes are needed
   * @throws {AmqpError} `decode-error` if it is not a section
   */
  read(bytes: Buffer, at: number, end: number): boolean {
    if (at + 3 > end) return false;
    if (bytes[at] !== codes.described) throw notSection();
    if (bytes[at + 1] === codes.smallulong) {
      this.code = bytes[at + 2] ?? 0;
      this.valueAt = at + 3;
    } else if (!this.#readLongDescriptor(bytes, at + 1, end)) return false;
    if (this.code < sections.header || this.code > sections.footer) throw notSection();
    const next = valueEnd(bytes, this.valueAt, end);
    if (next < 0) return false;
    this.end = next;
    return true;
  }

  #readLongDescriptor(bytes: Buffer, at: number, end: number): boolean {
    const code = bytes[at];
    if (code === codes.ulong) {
      if (at + 9 > end) return false;
      const value = bytes.readBigUInt64BE(at + 1);
      this.code = value <= 0xffn ? Number(value) : 0;
      this.valueAt = at + 9;
      return true;
    }
    if (code !== codes.sym8) throw notSection();
    const nameAt = at + 2;
    const nameEnd = nameAt + (bytes[at + 1] ?? 0);
    if (nameEnd - at > sectionStartBytes - 8) throw notSection();
    if (nameEnd > end) return false;
    this.code = names.get(bytes.toString('latin1', nameAt, nameEnd)) ?? 0;
    this.valueAt = nameEnd;
    return true;
  }
}

function notSection() {
  return decodeError('the bytes of a message are not a section');
}
