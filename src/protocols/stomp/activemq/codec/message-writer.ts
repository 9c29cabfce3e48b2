// Encodes MESSAGE frames.

import { decodeText, encodeText } from '../../../../base/byte-text.ts';
import type { Delivery } from '../../../../broker/subscription.ts';
import type { PeerOutbox } from '../../../peer-outbox.ts';
import { unescapeStored, type Version } from '../../codec/header-text.ts';
import { headerLine } from '../../codec/out-frames.ts';
import { readHead } from './head.ts';

const lf = 10;
const backslash = 0x5c;
const end = Buffer.from('\0\n');

/** The optional first lines of a head, which differ in their first bytes. */
const markers = ['expires:', 'timestamp:', 'priority:', 'message-id:'].map((text) =>
  Buffer.from(text),
);

/** The values of the first lines of a head. */
interface Leading {
  timestamp: string | undefined;
  priority: string | undefined;
  messageId: string | undefined;
  /** Offset of the other lines. */
  restAt: number;
}

/** Reads the first lines of a head; see `head.ts`. */
export function readLeading({ buffer, headAt, headLength }: Delivery): Leading {
  const found: (string | undefined)[] = [];
  const headEnd = headAt + headLength;
  let at = headAt;
  for (const marker of markers) {
    const valueAt = at + marker.length;
    const isThere =
      valueAt < headEnd && buffer.compare(marker, 0, marker.length, at, valueAt) === 0;
    if (!isThere) {
      found.push(undefined);
      continue;
    }
    const lineEnd = buffer.indexOf(lf, valueAt);
    found.push(unescapeStored(decodeText(buffer, valueAt, lineEnd)));
    at = lineEnd + 1;
  }
  const [, timestamp, priority, messageId] = found;
  return { timestamp, priority, messageId, restAt: at };
}

/** The headers of a MESSAGE frame that do not come from the message. */
export interface MessageHeaders {
  readonly version: Version;
  /** The command line and the subscription and destination headers, as complete lines. */
  readonly start: Buffer;
  readonly messageId: string;
  /** The `ack` header, if the client must acknowledge (1.2). */
  readonly ack: string | undefined;
  /** The destination that the message was sent to, if it differs. */
  readonly original: string | undefined;
}

/** Writes a MESSAGE frame. The delivery is in STOMP's format. */
export function writeMessage(
  outbox: PeerOutbox,
  delivery: Delivery,
  leading: Leading,
  { version, start, messageId, ack, original }: MessageHeaders,
): void {
  const { buffer, headAt, headLength, bodyAt, bodyLength, expiresAtMs } = delivery;
  const expires = expiresAtMs === Infinity ? 0 : Math.round(expiresAtMs);
  let text = headerLine('message-id', messageId, version);
  if (ack !== undefined) text += `ack:${ack}\n`;
  text += `timestamp:${leading.timestamp ?? Math.round(delivery.receivedAtMs)}\n`;
  text += `expires:${expires}\npriority:${leading.priority ?? delivery.priority}\n`;
  if (original !== undefined) text += headerLine('original-destination', original, version);
  if (delivery.redelivered) text += 'redelivered:true\n';
  if (delivery.isFirstOfGroup) text += 'JMSXGroupFirstForConsumer:true\n';
  const lines = encodeText(text);
  outbox.append(start, 0, start.length);
  outbox.append(lines, 0, lines.length);
  writeRest(outbox, buffer, leading.restAt, headAt + headLength, version);
  const at = outbox.claim(1);
  outbox.bytes[at] = lf;
  outbox.appendBody(buffer, bodyAt, bodyAt + bodyLength);
  outbox.append(end, 0, end.length);
}

/** Writes the other lines of the head, which are stored as STOMP 1.2 encodes them. */
function writeRest(
  outbox: PeerOutbox,
  buffer: Buffer,
  from: number,
  to: number,
  version: Version,
): void {
  // A name may have spaces around it, which clients of 1.0 trim.
  const isPlain = version === '1.1' && !buffer.subarray(from, to).includes(backslash);
  if (version === '1.2' || isPlain) {
    outbox.append(buffer, from, to);
    return;
  }
  let text = '';
  for (const [name, value] of readHead(buffer, from, to)) text += headerLine(name, value, version);
  const bytes = encodeText(text);
  outbox.append(bytes, 0, bytes.length);
}
