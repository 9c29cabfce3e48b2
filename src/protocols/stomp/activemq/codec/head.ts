// The head of a stored STOMP message.

import { decodeText, encodeText } from '../../../../base/byte-text.ts';
import { escapeHeader, unescapeStored } from '../../codec/header-text.ts';

/*
 * The head of a stored message: lines `name:value`, each with a line feed, escaped as in STOMP 1.2.
 * The first lines are those of `leadingNames` that the message has, in that order. They are the
 * same as on the wire, except `expires`, which has the time to live in milliseconds.
 */

/** An unescaped line of a head. */
export type HeadLine = readonly [name: string, value: string];

/** The names of the first lines. Their fixed order lets a delivery read them without a search. */
export const leadingNames = ['expires', 'timestamp', 'priority', 'message-id'] as const;

/** Headers that have a neutral property. All others are application headers. */
export const propertyNames: ReadonlySet<string> = new Set([
  ...leadingNames,
  'persistent',
  'correlation-id',
  'reply-to',
  'type',
  'content-type',
  'content-encoding',
  'content-length',
  'amq-msg-type',
  'JMSXUserID',
  'JMSXGroupID',
  'JMSXGroupSeq',
  'ActiveMQ.Retain',
]);

/** Headers of frames that are not part of a message. */
export const frameNames: ReadonlySet<string> = new Set([
  'destination',
  'subscription',
  'ack',
  'receipt',
  'transaction',
  'redelivered',
  // The broker sets these for each delivery.
  'JMSRedelivered',
  'JMSXDeliveryCount',
  'JMSXGroupFirstForConsumer',
]);

const lf = 10;

/** Encodes a line. */
export function lineBytes([name, value]: HeadLine): Buffer {
  return encodeText(`${escapeHeader(name)}:${escapeHeader(value)}\n`);
}

/** Encodes a head from lines that are already in order. */
export function writeHead(lines: readonly HeadLine[]): Buffer {
  let text = '';
  for (const [name, value] of lines) text += `${escapeHeader(name)}:${escapeHeader(value)}\n`;
  return encodeText(text);
}

/** Decodes the lines of a head between two offsets. */
export function readHead(buffer: Buffer, start: number, end: number): HeadLine[] {
  const lines: HeadLine[] = [];
  for (let at = start; at < end; ) {
    const found = buffer.indexOf(lf, at);
    const lineEnd = found < 0 || found > end ? end : found;
    const line = decodeText(buffer, at, lineEnd);
    const colon = line.indexOf(':');
    if (colon >= 0) {
      lines.push([unescapeStored(line.slice(0, colon)), unescapeStored(line.slice(colon + 1))]);
    }
    at = lineEnd + 1;
  }
  return lines;
}

/** Returns the number of lines of a head. */
export function countLines(buffer: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (buffer[at] === lf) count++;
  return count;
}
