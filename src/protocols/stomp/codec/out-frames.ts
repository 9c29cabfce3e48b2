import { encodeText } from '../../../base/byte-text.ts';
import type { StompError } from '../errors.ts';
import { headerFor, type Version } from './header-text.ts';

/** A frame's headers, in their order; those without a value are left out. */
export type OutHeaders = readonly (readonly [name: string, value: string | undefined])[];

/** A whole frame. CONNECTED is never escaped. */
export function frameBytes(
  command: string,
  headers: OutHeaders,
  body: string,
  version: Version,
): Buffer {
  const isPlain = command === 'CONNECTED';
  let text = `${command}\n`;
  for (const [name, value] of headers) {
    if (value === undefined) continue;
    text += isPlain ? `${name}:${value}\n` : headerLine(name, value, version);
  }
  return encodeText(`${text}\n${body}\0\n`);
}

/** One header as a version writes it. */
export function headerLine(name: string, value: string, version: Version): string {
  return `${headerFor(name, version, true)}:${headerFor(value, version, false)}\n`;
}

/** The frame that says what was wrong with another one. */
export function errorFrame(
  { text, className }: StompError,
  receipt: string | undefined,
  version: Version,
): Buffer {
  const headers: OutHeaders = [
    ['content-type', 'text/plain'],
    ['message', text],
    ['receipt-id', receipt],
  ];
  return frameBytes('ERROR', headers, `${className}: ${text}`, version);
}
