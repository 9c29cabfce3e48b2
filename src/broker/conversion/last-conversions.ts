// The results of costly conversions, for the other consumers of the same message.

import type { MessageFormat } from '../format.ts';
import type { Encoded, EncodedMessage } from './properties.ts';

/** Maximum size of a kept message and its result together, bytes. Larger ones are not kept. */
const keptBytesMax = 512 * 1024;
/** Maximum number of target formats with a kept result. Beyond that, all are dropped. */
const keptCountMax = 8;

/** The format of a message for a consumer. */
type TargetFormat = Pick<MessageFormat, 'name' | 'fromProperties'>;

interface Kept {
  readonly from: MessageFormat | undefined;
  readonly headBytesMax: number;
  readonly source: Encoded;
  readonly result: Encoded;
}

/**
 * The last costly conversion to each format. A message to a topic has as many deliveries as the topic
 * has subscriptions, and is converted for the first of them only. Messages are compared by their bytes,
 * since the result depends on nothing else.
 */
class LastConversions {
  readonly #byTarget = new Map<TargetFormat, Kept>();

  /** Returns the result of the same conversion; undefined if it is not kept. */
  find(
    message: EncodedMessage,
    from: MessageFormat | undefined,
    to: TargetFormat,
    headBytesMax: number,
  ): Encoded | undefined {
    const kept = this.#byTarget.get(to);
    if (kept === undefined || kept.from !== from || kept.headBytesMax !== headBytesMax) {
      return undefined;
    }
    const { buffer, headAt, headLength, bodyAt, bodyLength } = message;
    const { head, body } = kept.source;
    if (head.length !== headLength || body.length !== bodyLength) return undefined;
    const isSame =
      head.compare(buffer, headAt, headAt + headLength) === 0 &&
      body.compare(buffer, bodyAt, bodyAt + bodyLength) === 0;
    return isSame ? kept.result : undefined;
  }

  /** Keeps the result of a conversion instead of the last one to the same format. */
  keep(
    { buffer, headAt, headLength, bodyAt, bodyLength }: EncodedMessage,
    from: MessageFormat | undefined,
    to: TargetFormat,
    headBytesMax: number,
    result: Encoded,
  ): void {
    const size = headLength + bodyLength + result.head.length + result.body.length;
    if (size > keptBytesMax) return;
    if (this.#byTarget.size >= keptCountMax) this.#byTarget.clear();
    const head = Buffer.from(buffer.subarray(headAt, headAt + headLength));
    const body = Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength));
    this.#byTarget.set(to, { from, headBytesMax, source: { head, body }, result });
  }
}

/** Those of all brokers of this process. */
export const lastConversions = new LastConversions();
