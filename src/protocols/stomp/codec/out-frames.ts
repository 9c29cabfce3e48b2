// Encodes frames.

import { encodeText } from '../../../base/byte-text.ts';
import { headerFor, type Version } from './header-text.ts';

/** The headers of a frame, in order. Headers without a value are omitted. */
export type OutHeaders = readonly (readonly [name: string, value: string | undefined])[];

/** Encodes a frame. CONNECTED is not escaped. */
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

/** Encodes a header for a version. */
export function headerLine(name: string, value: string, version: Version): string {
  return `${headerFor(name, version, true)}:${headerFor(value, version, false)}\n`;
}
