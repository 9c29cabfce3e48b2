// Conversion of deliveries between protocols.

import type { MessageFormat } from '../format.ts';
import { formatNumbers, plainFormatNumber } from '../format.ts';
import { Delivery } from '../subscription.ts';
import { lastConversions } from './last-conversions.ts';
import { preparedConversions } from './prepared-conversions.ts';
import { type EncodedMessage, emptyProperties, type Properties } from './properties.ts';
import type { TargetFormat } from './target-format.ts';

/**
 * The work of the conversion in progress that its result does not show: bytes that were decompressed in
 * vain. Conversions are synchronous and never nested.
 */
export const conversionWork = { bytes: 0 };

/**
 * A body up to this size is converted at once, in some milliseconds; bytes. The record of a larger one is
 * large too, and therefore alone in its block.
 */
export const convertedAtOnceMax = 1024 * 1024;

/** Size of a head whose conversion takes about as long as that of the body of a usual message, bytes. */
const smallHeadBytes = 512;

/**
 * Work from which the result of a conversion is kept for other consumers of the same message, bytes: a
 * message to a topic is delivered to all of its subscriptions in a row.
 */
const costlyBytes = 16_384;

/** A byte of a larger head takes as long as this many of a body: headers are decoded one by one. */
const headByteWeight = 32;

/**
 * Converts a delivery for a consumer that uses another protocol than the sender. The copy has a
 * different head and body, but the same address and delivery state.
 *
 * @param from the format of the message; undefined if it is unknown, so that only the body is
 *   passed on
 * @param headBytesMax maximum size of the head; headers that do not fit are left out
 */
export function converted(
  delivery: Delivery,
  from: MessageFormat | undefined,
  to: TargetFormat,
  headBytesMax: number,
): Delivery {
  if (delivery.bodyLength > convertedAtOnceMax) {
    const prepared = preparedOf(delivery, to, headBytesMax);
    if (prepared !== undefined) return prepared;
  }
  const terms = { from, to, headBytesMax };
  const known = lastConversions.find(delivery, terms);
  if (known !== undefined) {
    const { head, body } = known;
    delivery.convertedBytes = head.length + body.length;
    return copyOf(delivery, formatNumbers[to.name], head, body);
  }
  conversionWork.bytes = 0;
  const properties = from === undefined ? bodyOnly(delivery) : from.toProperties(delivery);
  const { head, body } = to.fromProperties(properties, headBytesMax);
  // Counted against what may be delivered in this turn.
  const largeHeadBytes = Math.max(0, delivery.headLength - smallHeadBytes);
  delivery.convertedBytes =
    Math.max(body.length, conversionWork.bytes) + largeHeadBytes * headByteWeight;
  if (delivery.convertedBytes >= costlyBytes) lastConversions.keep(delivery, terms, { head, body });
  return copyOf(delivery, formatNumbers[to.name], head, body);
}

/** The delivery with the result of the conversion that was prepared; undefined if there is none. */
function preparedOf(
  delivery: Delivery,
  to: TargetFormat,
  headBytesMax: number,
): Delivery | undefined {
  const terms = { format: plainFormatNumber(delivery.format), to, headBytesMax };
  const found = preparedConversions.take(delivery, terms);
  if (found === undefined) return undefined;
  const { buffer, headLength, bodyLength } = found;
  delivery.convertedBytes = headLength + bodyLength;
  return copyIn(delivery, formatNumbers[to.name], buffer, headLength, bodyLength);
}

/** Copies a delivery with another head and body. The address and the delivery state are the same. */
export function copyOf(delivery: Delivery, format: number, head: Buffer, body: Buffer): Delivery {
  const address = delivery.buffer.subarray(delivery.addressAt, delivery.addressEnd);
  const buffer = Buffer.concat([address, head, body]);
  return copyIn(delivery, format, buffer, head.length, body.length);
}

/** A copy of a delivery whose buffer has the same address, and another head and body. */
function copyIn(
  delivery: Delivery,
  format: number,
  buffer: Buffer,
  headLength: number,
  bodyLength: number,
): Delivery {
  const copy = new Delivery();
  copy.buffer = buffer;
  copy.addressEnd = delivery.addressEnd - delivery.addressAt;
  copy.isAddressLong = delivery.isAddressLong;
  copy.headAt = copy.addressEnd;
  copy.headLength = headLength;
  copy.bodyAt = copy.headAt + headLength;
  copy.bodyLength = bodyLength;
  copy.format = format;
  copy.isPersistent = delivery.isPersistent;
  copy.priority = delivery.priority;
  copy.receivedAtMs = delivery.receivedAtMs;
  copy.expiresAtMs = delivery.expiresAtMs;
  copy.deliveryNumber = delivery.deliveryNumber;
  copy.redelivered = delivery.redelivered;
  copy.deliveryCount = delivery.deliveryCount;
  copy.streamOffset = delivery.streamOffset;
  copy.left = delivery.left;
  copy.isFirstOfGroup = delivery.isFirstOfGroup;
  return copy;
}

/** The properties of a message of an unknown format. */
export function bodyOnly({ buffer, bodyAt, bodyLength }: EncodedMessage): Properties {
  const bytes = Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength));
  return { ...emptyProperties, body: { kind: 'bytes', bytes } };
}
