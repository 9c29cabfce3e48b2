// Queue browsers.

import type { Broker } from '../broker.ts';
import { convertedAtOnceMax } from '../conversion/converted.ts';
import type { Address } from '../conversion/properties.ts';
import type { MessageCursor } from '../dispatch/cursor.ts';
import { BrokerError } from '../errors.ts';
import type { Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';
import type { Held } from '../turns/turns.ts';
import { isQueue, qualifiedName } from './destination.ts';
import { MessageSubject, type SubjectHost } from './message-subject.ts';
import type { Selector } from './selectors/selector.ts';
import type { VirtualTopics } from './virtual/virtual-topics.ts';

/** Maximum number of messages that a browser without a selector reads in a turn. */
const burstCountMax = 256;
/** Operands of a selector that take as long as the reading of a message. */
const costOfMessage = 10;

/** @throws {BrokerError} `precondition-failed` for topics, and names with wildcards that are no queues */
export function requireBrowsable(
  addresses: readonly Address[],
  virtualTopics: Pick<VirtualTopics, 'standsForOthers'>,
): void {
  for (const address of addresses) {
    if (isQueue(address) && !virtualTopics.standsForOthers(address)) continue;
    const why = `only a queue can be browsed, not ${qualifiedName(address)}`;
    throw new BrokerError('precondition-failed', why);
  }
}

/** The receiver of a browser's messages in a protocol. */
export interface Browser {
  /** Whether the transport accepts more data. */
  readonly isWritable: boolean;
  /** Copies what it needs. It must not call the broker and must not throw. */
  browsed(delivery: Delivery, queue: Queue): void;
  /** Prepares the delivery of a large message; see `Consumer.prepare`. */
  prepareBrowsed?(delivery: Delivery, queue: Queue): Promise<void> | undefined;
  /** All messages have been read. */
  browsedAll(): void;
}

/** The operations of the broker that are needed here. */
export interface BrowseHost extends SubjectHost {
  readonly broker: Broker;
}

/** A queue that is being read, up to its last message at the time of the request. */
interface Reading {
  readonly queue: Queue;
  readonly cursor: MessageCursor;
  readonly end: number;
}

/**
 * Reads queues one after another without acquiring messages: ready messages and those that are
 * delivered to consumers. Messages that arrive later are not read.
 */
export class Browse implements Held {
  isDirty = false;
  isHeld = false;
  readonly #host: BrowseHost;
  readonly #browser: Browser;
  readonly #selector: Selector | undefined;
  readonly #subject: MessageSubject;
  readonly #readings: Reading[];
  #isLoading = false;
  #isOver = false;

  constructor(
    host: BrowseHost,
    queues: readonly Queue[],
    selector: Selector | undefined,
    browser: Browser,
  ) {
    this.#host = host;
    this.#browser = browser;
    this.#selector = selector;
    this.#subject = new MessageSubject(host);
    this.#readings = queues.map((queue) => ({
      queue,
      cursor: queue.cursor(),
      end: queue.index.next,
    }));
  }

  /** The receiver accepts more messages. */
  wake(): void {
    if (!this.#isOver && !this.isHeld) this.#host.broker.turns.markDirty(this);
  }

  /** Stops reading. */
  end(): void {
    this.#isOver = true;
    this.#readings.length = 0;
  }

  deliver(): void {
    const cost = 1 + Math.ceil((this.#selector?.cost ?? 0) / costOfMessage);
    const { turns } = this.#host.broker;
    if (turns.unitsLeft <= 0) {
      turns.hold(this);
      return;
    }
    for (let left = burstCountMax; left > 0 && turns.unitsLeft > 0; left -= cost) {
      turns.unitsLeft -= cost;
      if (this.#isOver || this.#isLoading || !this.#browser.isWritable) return;
      const [reading] = this.#readings;
      if (reading === undefined) {
        this.end();
        this.#browser.browsedAll();
        return;
      }
      if (!this.#read(reading)) this.#readings.shift();
    }
    turns.hold(this);
  }

  /** Reads one message. Returns false if the queue has no more. */
  #read({ queue, cursor, end }: Reading): boolean {
    const { broker } = this.#host;
    const { delivery } = broker;
    if (queue.isDeleted || cursor.position + 1 >= end) return false;
    const found = cursor.read(delivery);
    if (found === 'end' || (found === 'message' && cursor.position >= end)) return false;
    if (found === 'cold') {
      this.#awaits(cursor.load());
      return true;
    }
    const isExpired = delivery.expiresAtMs <= broker.nowMs();
    delivery.count(queue.index, cursor.position);
    const isWanted = this.#selector?.matches(this.#subject.ofView(delivery)) !== false;
    if (isExpired || !isWanted) return true;
    const isLarge = delivery.bodyLength > convertedAtOnceMax;
    const preparing = isLarge ? this.#browser.prepareBrowsed?.(delivery, queue) : undefined;
    if (preparing === undefined) this.#browser.browsed(delivery, queue);
    else {
      cursor.back();
      this.#awaits(preparing);
    }
    return true;
  }

  /** Goes on when the next message can be read. */
  #awaits(loading: Promise<void>): void {
    this.#isLoading = true;
    const done = () => {
      this.#isLoading = false;
      this.wake();
      this.#host.broker.pump();
    };
    // If a block cannot be read, the log has failed, which stops the broker.
    loading.then(done, () => {});
  }
}
