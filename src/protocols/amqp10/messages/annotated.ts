// Messages to which an outcome adds annotations (3.4.5).

import { copyOf } from '../../../broker/conversion/converted.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import { type Entry, type Item, textOf } from '../codec/items.ts';
import { AmqpError, decodeError } from '../errors.ts';
import { annotationCountMax, headBytesMax } from '../limits.ts';
import { changedHead } from './changed-head.ts';

/**
 * Checks the message annotations of an outcome.
 *
 * @throws {AmqpError} `decode-error` if a key is not a symbol or an unsigned long;
 *   `resource-limit-exceeded` with scope `session` if there are too many
 */
export function requireAnnotations(annotations: readonly Entry[]): void {
  if (annotations.length > annotationCountMax) {
    const found = `an outcome with ${annotations.length} annotations`;
    const why = `${found}; at most ${annotationCountMax} are allowed`;
    throw new AmqpError('resource-limit-exceeded', why, { scope: 'session' });
  }
  for (const [{ type }] of annotations) {
    if (type !== 'symbol' && type !== 'ulong') {
      throw decodeError(`the key of an annotation is a ${type}, not a symbol or ulong`);
    }
  }
}

/**
 * Copies a delivery with additional message annotations. They replace those with the same keys. If the
 * head would become too large, the delivery is returned without them.
 *
 * @param delivery a message in the format of AMQP 1.0
 */
export function annotated(delivery: Delivery, added: readonly Entry[]): Delivery {
  const { buffer, headAt, headLength, bodyAt, bodyLength, format } = delivery;
  try {
    const annotations = (before: readonly Entry[]) => merged(before, added);
    const head = changedHead(buffer, headAt, headAt + headLength, { annotations });
    if (head.length > headBytesMax) return delivery;
    return copyOf(delivery, format, head, buffer.subarray(bodyAt, bodyAt + bodyLength));
  } catch (error) {
    // The head has more values than are decoded.
    if (error instanceof AmqpError) return delivery;
    throw error;
  }
}

/** The entries of two maps. Those of the second one have precedence. */
function merged(before: readonly Entry[], added: readonly Entry[]): readonly Entry[] {
  const all = new Map<string, Entry>();
  for (const entries of [before, added]) {
    for (const entry of entries) all.set(keyOf(entry[0]), entry);
  }
  return [...all.values()];
}

function keyOf(key: Item): string {
  return textOf(key) ?? `${key.type} ${String(key.value)}`;
}
