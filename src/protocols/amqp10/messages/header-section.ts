// The header section of a delivered message (3.2.1), which the broker writes.

import { writeU32 } from '../../../base/bytes.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import { codes } from '../codec/format-codes.ts';
import { sections } from './sections.ts';

/** Maximum size of the section, in bytes. */
const headerBytesMax = 24;

const uintMax = 0xffff_ffff;

/** The bytes of the last written header section. */
export const headerBytes = Buffer.alloc(headerBytesMax);

/**
 * Writes the header section of a delivery to {@link headerBytes}.
 *
 * @returns its size in bytes
 */
export function writeHeaderSection(delivery: Delivery, nowMs: number): number {
  const { expiresAtMs, redelivered, priority, deliveryCount } = delivery;
  let at = 0;
  headerBytes[at++] = codes.described;
  headerBytes[at++] = codes.smallulong;
  headerBytes[at++] = sections.header;
  headerBytes[at++] = codes.list8;
  const sizeAt = at++;
  headerBytes[at++] = 5;
  headerBytes[at++] = delivery.isPersistent ? codes.true : codes.false;
  headerBytes[at++] = codes.ubyte;
  headerBytes[at++] = priority;
  if (expiresAtMs === Infinity) headerBytes[at++] = codes.null;
  else {
    headerBytes[at++] = codes.uint;
    at = writeU32(headerBytes, at, Math.min(uintMax, Math.max(1, Math.round(expiresAtMs - nowMs))));
  }
  headerBytes[at++] = redelivered ? codes.false : codes.true;
  if (deliveryCount === 0) headerBytes[at++] = codes.uint0;
  else {
    headerBytes[at++] = codes.uint;
    at = writeU32(headerBytes, at, deliveryCount);
  }
  headerBytes[sizeAt] = at - sizeAt - 1;
  return at;
}
