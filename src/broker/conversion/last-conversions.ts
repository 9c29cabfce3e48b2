// The results of costly conversions, for the other consumers of the same message.

import type { MessageFormat } from '../format.ts';
import type { Encoded, EncodedMessage } from './properties.ts';
import type { TargetFormat } from './target-format.ts';

/** Maximum size of a kept message and its result together, bytes. Larger ones are not kept. */
const keptBytesMax = 512 * 1024;
/** Maximum number of kept results: a few messages that are sent together, in each format. */
const keptCountMax = 16;

/** What the result of a conversion depends on, besides the bytes of the message. */
interface ConversionTerms {
  /** Undefined if the format of the message is unknown. */
  readonly from: MessageFormat | undefined;
  readonly to: TargetFormat;
  /** Maximum size of the converted head, bytes. */
  readonly headBytesMax: number;
}

interface Kept extends ConversionTerms {
  readonly source: Encoded;
  readonly result: Encoded;
}

/**
 * The last costly conversions. A message to a topic has as many deliveries as the topic has
 * subscriptions, and is converted to each format for the first of them only. Messages are compared by
 * their bytes, since nothing else of them is converted.
 */
class LastConversions {
  readonly #kept: Kept[] = [];
  /** Where the next result is kept, instead of the oldest. */
  #next = 0;

  /** Returns the result of the same conversion; undefined if it is not kept. */
  find(message: EncodedMessage, terms: ConversionTerms): Encoded | undefined {
    for (const kept of this.#kept) if (isSame(kept, message, terms)) return kept.result;
    return undefined;
  }

  /** Keeps the result of a conversion. */
  keep(message: EncodedMessage, terms: ConversionTerms, result: Encoded): void {
    const { buffer, headAt, headLength, bodyAt, bodyLength } = message;
    const size = headLength + bodyLength + result.head.length + result.body.length;
    if (size > keptBytesMax) return;
    const head = Buffer.from(buffer.subarray(headAt, headAt + headLength));
    const body = Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength));
    this.#kept[this.#next] = { ...terms, source: { head, body }, result };
    this.#next = (this.#next + 1) % keptCountMax;
  }
}

function isSame(
  kept: Kept,
  { buffer, headAt, headLength, bodyAt, bodyLength }: EncodedMessage,
  { from, to, headBytesMax }: ConversionTerms,
): boolean {
  if (kept.to !== to || kept.from !== from || kept.headBytesMax !== headBytesMax) return false;
  const { head, body } = kept.source;
  if (head.length !== headLength || body.length !== bodyLength) return false;
  return (
    head.compare(buffer, headAt, headAt + headLength) === 0 &&
    body.compare(buffer, bodyAt, bodyAt + bodyLength) === 0
  );
}

/** Those of all brokers of this process. */
export const lastConversions = new LastConversions();
