// Conversions of large messages, in another thread.

import { type FormatName, plainFormatNumber } from '../format.ts';
import type { Queue } from '../queue.ts';
import { loads } from '../queues/loading.ts';
import type { Delivery, Subscription } from '../subscription.ts';
import { convertedAtOnceMax } from './converted.ts';
import {
  type PreparedMessage,
  type PreparedTerms,
  preparedConversions,
} from './prepared-conversions.ts';
import type { TargetFormat, TargetTerms } from './target-format.ts';

/** Bytes that are copied for the thread in a turn: about a millisecond of work. */
const copiedBytes = 4 * 1024 * 1024;

/** A message for the thread. Offsets are those in its bytes, which begin with the address. */
export interface ThreadRequest {
  readonly bytes: ArrayBuffer;
  readonly addressLength: number;
  readonly headAt: number;
  readonly headLength: number;
  readonly bodyAt: number;
  readonly bodyLength: number;
  /** The number of its format, without flags. */
  readonly format: number;
  readonly to: FormatName;
  readonly terms: TargetTerms | undefined;
  /** Maximum size of the converted head, bytes. */
  readonly headBytesMax: number;
}

/** A converted message: its address, head and body, one after the other. */
export interface ThreadResult {
  readonly bytes: ArrayBuffer;
  readonly headLength: number;
  readonly bodyLength: number;
}

/** Converts a message in another thread, which gets the bytes of the request. */
export type ConvertsInThread = (request: ThreadRequest) => Promise<ThreadResult>;

/** The conversion in progress. */
interface Running {
  readonly ended: Promise<void>;
  /** The number of deliveries that wait for its end. */
  waitingCount: number;
}

/** The interface to the broker. */
interface ConversionsHost {
  /** The view for deliveries. */
  readonly delivery: Delivery;
  pump(): void;
}

/**
 * Prepares the conversion of large messages before these are delivered: the queue waits, as for a message
 * on disk, while a thread converts. One message is converted at a time, so that the memory for it is
 * bounded, and the others wait for their turn.
 */
export class LargeConversions {
  readonly #host: ConversionsHost;
  readonly #convert: ConvertsInThread | undefined;
  /** The conversion in progress. Whoever wants another one tries again at its end. */
  #running: Running | undefined = undefined;
  #isEnded = false;

  /** @param convert undefined if there is no thread, so that all messages are converted at once */
  constructor(host: ConversionsHost, convert: ConvertsInThread | undefined) {
    this.#host = host;
    this.#convert = convert;
  }

  /**
   * Whether the message of the open view cannot be delivered to a consumer yet. The queue is then
   * loading until it can.
   */
  mustWait(queue: Queue, { consumer, options }: Subscription): boolean {
    const { delivery } = this.#host;
    const preparing = consumer?.prepare?.(delivery) ?? options.prepare?.(delivery);
    if (preparing === undefined) return false;
    loads(queue, preparing, this.#host, () => {});
    return true;
  }

  /**
   * Starts the conversion of a large message to the format of a consumer. It is delivered afterwards.
   *
   * @param to the format that the consumer converts it to
   * @param headBytesMax maximum size of the converted head, bytes
   * @returns undefined if it can be delivered at once. Otherwise, resolves when to try again, and is
   *   never rejected
   */
  prepare(delivery: Delivery, to: TargetFormat, headBytesMax: number): Promise<void> | undefined {
    if (delivery.bodyLength <= convertedAtOnceMax || this.#convert === undefined) return undefined;
    const terms = { format: plainFormatNumber(delivery.format), to, headBytesMax };
    if (preparedConversions.has(delivery, terms)) return undefined;
    this.#running ??= this.#start(delivery, terms, this.#convert);
    this.#running.waitingCount++;
    return this.#running.ended;
  }

  #start(delivery: Delivery, terms: PreparedTerms, convert: ConvertsInThread): Running {
    const result = this.#run(placeOf(delivery), terms, convert);
    const ended = new Promise<void>((resolve) => {
      void result.then((keep) => {
        const isShared = (this.#running?.waitingCount ?? 0) > 1;
        this.#running = undefined;
        keep(isShared);
        // Whoever waits is not told any more once the broker closes.
        if (!this.#isEnded) resolve();
      });
    });
    return { ended, waitingCount: 0 };
  }

  /** Converts a message, and returns what keeps the result, or the error, for whoever waits. */
  async #run(
    message: PreparedMessage,
    terms: PreparedTerms,
    convert: ConvertsInThread,
  ): Promise<(isShared: boolean) => void> {
    try {
      const { headLength, bodyLength, bytes } = await convert(await requestOf(message, terms));
      const result = { buffer: Buffer.from(bytes), headLength, bodyLength };
      return (isShared) => preparedConversions.keep(message, terms, result, isShared);
    } catch (error) {
      return (isShared) => preparedConversions.keep(message, terms, { error }, isShared);
    }
  }

  /** Drops results that nobody has taken. */
  tick(nowMs: number): void {
    preparedConversions.tick(nowMs);
  }

  /** Ends all waiting, because the broker is about to close. */
  end(): void {
    this.#isEnded = true;
  }
}

/** The place of a message. Its buffer stays as it is: a large record is alone in its block. */
function placeOf(delivery: Delivery): PreparedMessage {
  const { buffer, addressAt, addressEnd, headAt, headLength, bodyAt, bodyLength } = delivery;
  return { buffer, addressAt, addressEnd, headAt, headLength, bodyAt, bodyLength };
}

/** Copies a message for the thread, a slice in each turn. */
async function requestOf(message: PreparedMessage, terms: PreparedTerms): Promise<ThreadRequest> {
  const { buffer, addressAt, addressEnd, headAt, headLength, bodyAt, bodyLength } = message;
  const { to, format, headBytesMax } = terms;
  const bytes = new ArrayBuffer(bodyAt + bodyLength - addressAt);
  const copy = Buffer.from(bytes);
  for (let at = 0; at < copy.length; at += copiedBytes) {
    await new Promise((resolve) => setImmediate(resolve));
    buffer.copy(copy, at, addressAt + at, addressAt + Math.min(at + copiedBytes, copy.length));
  }
  return {
    bytes,
    addressLength: addressEnd - addressAt,
    headAt: headAt - addressAt,
    headLength,
    bodyAt: bodyAt - addressAt,
    bodyLength,
    format,
    to: to.name,
    terms: to.terms,
    headBytesMax,
  };
}
