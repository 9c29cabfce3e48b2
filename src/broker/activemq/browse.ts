import type { Broker } from '../broker.ts';
import type { Cursor } from '../dispatch/cursor.ts';
import type { Queue } from '../queue.ts';
import type { Deliverer, Delivery } from '../subscription.ts';
import { MessageSubject, type SubjectHost } from './message-subject.ts';
import type { Selector } from './selectors/selector.ts';

/** Messages that a browser looks at before others have their turn. */
const burstCountMax = 256;

/** Who browses: a protocol's end of it. */
export interface Browser {
  /** Whether the transport takes more. */
  readonly isWritable: boolean;
  /** Copies what it needs; must not call the broker, nor throw. */
  browsed(delivery: Delivery, queue: Queue): void;
  /** That was all there is. */
  browsedAll(): void;
}

/** What a browser asks of its broker. */
export interface BrowseHost extends SubjectHost {
  readonly broker: Broker;
}

/** A queue that is being read, up to what was its last message when the browser came. */
interface Reading {
  readonly queue: Queue;
  readonly cursor: Cursor;
  readonly end: number;
}

/**
 * Reads what is in queues, one after the other, without taking it: messages that are ready, and those
 * that consumers have. Messages that come later are not read.
 */
export class Browse implements Deliverer {
  isDirty = false;
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

  /** The browser takes more. */
  wake(): void {
    if (!this.#isOver) this.#host.broker.turns.markDirty(this);
  }

  /** Nothing more is read. */
  end(): void {
    this.#isOver = true;
    this.#readings.length = 0;
  }

  deliver(): void {
    for (let left = burstCountMax; left > 0; left--) {
      if (this.#isOver || this.#isLoading || !this.#browser.isWritable) return;
      const [reading] = this.#readings;
      if (reading === undefined) {
        this.end();
        this.#browser.browsedAll();
        return;
      }
      if (!this.#read(reading)) this.#readings.shift();
    }
    this.wakeLater();
  }

  /** The rest is for another turn of the event loop. */
  wakeLater(): void {
    this.#host.broker.background.runLater([], () => {
      this.wake();
      this.#host.broker.pump();
    });
  }

  /** Reads one message; false where the queue has no more. */
  #read({ queue, cursor, end }: Reading): boolean {
    const { broker } = this.#host;
    const { delivery } = broker;
    if (queue.isDeleted || cursor.position + 1 >= end) return false;
    const found = cursor.read(delivery);
    if (found === 'end' || (found === 'message' && cursor.position >= end)) return false;
    if (found === 'cold') {
      this.#load(cursor);
      return true;
    }
    const isExpired = delivery.expiresAtMs <= broker.nowMs();
    const isWanted = this.#selector?.matches(this.#subject.ofView(delivery)) !== false;
    delivery.redelivered = false;
    delivery.deliveryCount = 0;
    if (!isExpired && isWanted) this.#browser.browsed(delivery, queue);
    return true;
  }

  #load(cursor: Cursor): void {
    this.#isLoading = true;
    const done = () => {
      this.#isLoading = false;
      this.wake();
      this.#host.broker.pump();
    };
    // A block that cannot be read has failed the log, which ends the broker.
    cursor.load().then(done, () => {});
  }
}
