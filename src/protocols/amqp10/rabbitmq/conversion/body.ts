// Bodies in RabbitMQ's conversions.

import type { EncodedMessage } from '../../../../broker/conversion/properties.ts';
import { Decoder } from '../../codec/decoder.ts';
import { AmqpError } from '../../errors.ts';
import { SectionScan, sections } from '../../messages/sections.ts';

const decoder = new Decoder();
const scan = new SectionScan();

/** A body as AMQP 0-9-1 has it. */
export interface PlainBody {
  readonly bytes: Buffer;
  /** Whether the bytes are sections of AMQP 1.0. */
  readonly isSections: boolean;
}

/** The contents of data sections; a body of other sections stays as it is, with its footer. */
export function plainBody({ buffer, bodyAt, bodyLength }: EncodedMessage): PlainBody {
  const end = bodyAt + bodyLength;
  const pieces = dataOf(buffer, bodyAt, end);
  if (pieces !== undefined) return { bytes: Buffer.concat(pieces), isSections: false };
  return { bytes: Buffer.from(buffer.subarray(bodyAt, end)), isSections: true };
}

function dataOf(buffer: Buffer, start: number, end: number): Buffer[] | undefined {
  const pieces: Buffer[] = [];
  try {
    for (let at = start; at < end; at = scan.end) {
      if (!scan.read(buffer, at, end) || scan.end > end) return undefined;
      const { code, valueAt, end: sectionEnd } = scan;
      if (code === sections.footer) continue;
      if (code !== sections.data) return undefined;
      const data = decoder.reset(buffer, valueAt, sectionEnd).binary();
      if (data !== undefined) pieces.push(data);
    }
  } catch (error) {
    if (error instanceof AmqpError) return undefined;
    throw error;
  }
  return pieces;
}

/** Whether a section may follow another one in a body; 0 for none. */
function mayFollow(before: number, code: number): boolean {
  if (before === 0) return code >= sections.data && code !== sections.footer;
  if (code === sections.footer) return before !== sections.footer;
  return code === before && code !== sections.value;
}

/** Whether bytes are a body of AMQP 1.0: sections of one kind, and perhaps a footer. */
export function isBody(bytes: Buffer): boolean {
  let kind = 0;
  try {
    for (let at = 0; at < bytes.length; at = scan.end) {
      if (!scan.read(bytes, at, bytes.length) || scan.end > bytes.length) return false;
      const { code, valueAt, end } = scan;
      if (!mayFollow(kind, code)) return false;
      kind = code;
      decoder.reset(bytes, valueAt, end).skip();
      if (decoder.at !== end) return false;
    }
  } catch (error) {
    if (error instanceof AmqpError) return false;
    throw error;
  }
  return kind !== 0;
}
