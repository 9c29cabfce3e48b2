// The head of a stored message: the sections before the body, as they were received.

import { AmqpError } from '../errors.ts';
import { SectionScan, sections } from './sections.ts';

/*
 * A head consists of the sections header, message annotations, properties and application
 * properties, each of which may be missing. A message format other than 0 is stored before them: one
 * byte of 1, and four bytes of the format. No section begins with 1.
 */

const formatMark = 1;
const prefixBytes = 5;

const scan = new SectionScan();

/** Adds a message format to a head. */
export function prefixFormat(messageFormat: number, head: Buffer): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix[0] = formatMark;
  prefix.writeUInt32BE(messageFormat, 1);
  return Buffer.concat([prefix, head]);
}

/** The positions in a stored head that a delivery needs. The object is reused. */
export class StoredHead {
  messageFormat = 0;
  /** The offset of the first section. */
  sectionsAt = 0;
  /** The offset after the header section. */
  restAt = 0;

  read(buffer: Buffer, start: number, end: number): void {
    this.messageFormat = 0;
    this.sectionsAt = start;
    if (end > start && buffer[start] === formatMark && end >= start + prefixBytes) {
      this.messageFormat = buffer.readUInt32BE(start + 1);
      this.sectionsAt = start + prefixBytes;
    }
    this.restAt = this.sectionsAt;
    if (isSection(buffer, this.restAt, end) && scan.code === sections.header) {
      this.restAt = scan.end;
    }
  }
}

/** Whether a whole section is at an offset, which is then in `scan`. */
function isSection(buffer: Buffer, at: number, end: number): boolean {
  try {
    return scan.read(buffer, at, end) && scan.end <= end;
  } catch (error) {
    if (error instanceof AmqpError) return false;
    throw error;
  }
}

/** A section of a head: its descriptor, and the offsets of its value. */
export interface FoundSection {
  readonly code: number;
  /** The offset of the descriptor. */
  readonly at: number;
  readonly valueAt: number;
  readonly end: number;
}

/** Finds the sections of a head. Bytes that are not a section end the search. */
export function sectionsOf(buffer: Buffer, start: number, end: number): FoundSection[] {
  const head = new StoredHead();
  head.read(buffer, start, end);
  const found: FoundSection[] = [];
  for (let at = head.sectionsAt; isSection(buffer, at, end); at = scan.end) {
    found.push({ code: scan.code, at, valueAt: scan.valueAt, end: scan.end });
  }
  return found;
}
