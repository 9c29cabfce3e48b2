// A consumer of a stream.

import type { StreamIndex } from '../../storage/streams/stream-index.ts';
import { StreamReader } from '../../storage/streams/stream-reader.ts';
import { convertedAtOnceMax } from '../conversion/converted.ts';
import type { QueueHost } from '../queue-host.ts';
import type { Delivery, Subscription } from '../subscription.ts';
import { filterValueHeader, type StreamFilter, type StreamStart } from './stream-start.ts';

/**
 * The state of a consumer. It waits for its turn (`ready`), for new messages (`idle`), for credit or its
 * transport (`waiting`), or for a block from the disk (`loading`).
 */
type ConsumerState = 'ready' | 'idle' | 'waiting' | 'loading';

/** Binary logarithm of the bytes of a head that are read in a unit. */
const headBytesPerUnitBits = 4;

/** A subscription to a stream with its own position. */
export class StreamConsumer {
  state: ConsumerState = 'ready';
  readonly subscription: Subscription;
  readonly reader: StreamReader;
  readonly #host: QueueHost;
  readonly #filter: StreamFilter | undefined;
  /** Messages that were received before are skipped, up to the first one that was not. */
  #sinceMs = 0;

  /** @param committed the number before which all messages are on disk */
  constructor(
    host: QueueHost,
    subscription: Subscription,
    index: StreamIndex,
    start: StreamStart,
    committed: number,
  ) {
    this.#host = host;
    this.subscription = subscription;
    this.#filter = start.filter;
    this.reader = new StreamReader(
      index,
      () => host.store.log,
      this.#firstOf(index, start, committed),
    );
  }

  #firstOf(index: StreamIndex, { offset }: StreamStart, committed: number): number {
    if (offset === 'first') return index.first;
    if (offset === 'last') return Math.max(index.first, committed - 1);
    if (offset === 'next') return index.next;
    if ('sequence' in offset) return Math.max(index.first, offset.sequence);
    if (offset.sinceMs > this.#host.nowMs()) return index.next;
    this.#sinceMs = offset.sinceMs;
    return index.beforeTime(offset.sinceMs);
  }

  /**
   * The units of work to decide about the message of the open view besides its delivery: a filter reads
   * its head.
   */
  unitsToDecide({ headLength }: Delivery): number {
    return this.#filter === undefined ? 0 : headLength >>> headBytesPerUnitBits;
  }

  /** Whether the consumer wants the message of the open view. */
  wants(delivery: Delivery): boolean {
    if (this.#sinceMs > 0) {
      if (delivery.receivedAtMs < this.#sinceMs) return false;
      this.#sinceMs = 0;
    }
    return this.#filter === undefined || this.#isChosen(delivery, this.#filter);
  }

  /** Prepares the delivery of a large message; see `Consumer.prepare`. */
  prepare(delivery: Delivery): Promise<void> | undefined {
    if (delivery.bodyLength <= convertedAtOnceMax) return undefined;
    return this.subscription.consumer?.prepare?.(delivery);
  }

  #isChosen(delivery: Delivery, filter: StreamFilter): boolean {
    const { buffer, headAt, headLength, format } = delivery;
    const from = this.#host.formatOf(format);
    const end = headAt + headLength;
    const value =
      from?.header === undefined
        ? from?.headers(buffer, headAt, end)[filterValueHeader]
        : from.header(buffer, headAt, end, filterValueHeader);
    if (value?.type !== 'longstr') return filter.matchesUnfiltered;
    return filter.values.has(String(value.value));
  }
}
