// The body of a message as it is shown: as much of it as fits.

import type { Body } from '../../broker/conversion/properties.ts';
import { toJson } from '../../broker/conversion/value.ts';
import type { MessageView } from '../../storage/message-record.ts';
import type { Console } from '../console.ts';
import { shownBodyBytesMax } from '../limits.ts';

/** A body, or its beginning. */
export interface ShownBody {
  /** Text, or base64 of bytes that are no UTF-8. */
  readonly content: string;
  readonly encoding: 'text' | 'base64' | 'json';
  /** Whether the end is missing. */
  readonly isCut: boolean;
}

/**
 * Shows the body of the message of a view. A small body is decoded by the format of its protocol; of a
 * large one, the first bytes are shown as they are stored.
 */
export function shownBody({ broker }: Console, view: MessageView): ShownBody {
  const { buffer, headAt, headLength, bodyAt, bodyLength } = view;
  const format = broker.formatOf(view.format);
  if (format !== undefined && bodyLength <= shownBodyBytesMax) {
    const message = { buffer, headAt, headLength, bodyAt, bodyLength };
    return ofBody(format.toProperties(message).body);
  }
  const skipped = format?.textAt?.(buffer, headAt, headAt + headLength) ?? 0;
  return ofBytes(buffer.subarray(bodyAt + skipped, bodyAt + bodyLength));
}

function ofBody(body: Body): ShownBody {
  switch (body.kind) {
    case 'none':
      return { content: '', encoding: 'text', isCut: false };
    case 'text':
      return ofText(body.text, 'text');
    case 'bytes':
      return ofBytes(body.bytes);
    case 'value':
      return ofText(JSON.stringify(toJson(body.value)) ?? '', 'json');
  }
}

function ofText(text: string, encoding: 'text' | 'json'): ShownBody {
  const content = text.slice(0, shownBodyBytesMax);
  return { content, encoding, isCut: content.length < text.length };
}

function ofBytes(bytes: Buffer): ShownBody {
  const first = bytes.subarray(0, shownBodyBytesMax);
  const isCut = first.length < bytes.length;
  const whole = isCut ? withoutPart(first) : first;
  try {
    const content = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole);
    return { content, encoding: 'text', isCut };
  } catch {
    return { content: first.toString('base64'), encoding: 'base64', isCut };
  }
}

/** Bytes without the beginning of a character at their end. */
function withoutPart(bytes: Buffer): Buffer {
  let end = bytes.length;
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (size > back) end = bytes.length - back;
    break;
  }
  return bytes.subarray(0, end);
}
