import type { MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';

/**
 * Reads a queue's messages without acquiring them: those that are ready and those that consumers have,
 * in the order in which they came. For browsers and viewers; whatever is settled meanwhile is left out.
 */
export class Cursor {
  readonly #store: MessageStore;
  readonly #index: QueueIndex;
  #next: number;

  /** @param from the first sequence number that is read */
  constructor(store: MessageStore, queueIndex: QueueIndex, from = 0) {
    this.#store = store;
    this.#index = queueIndex;
    this.#next = from;
  }

  /** The sequence number of the message that was read last; -1 before the first. */
  get position(): number {
    return this.#next - 1;
  }

  /**
   * Opens a view on the next message.
   *
   * @returns `cold` where it is on the disk: then {@link load} first, and read again; `end` where no
   *   message is left, which may change
   */
  read(view: MessageView): 'message' | 'cold' | 'end' {
    const queueIndex = this.#index;
    const sequence = queueIndex.liveFrom(this.#next);
    if (sequence >= queueIndex.next) return 'end';
    if (!this.#store.view(queueIndex, sequence, view)) return 'cold';
    this.#next = sequence + 1;
    return 'message';
  }

  /** Resolves once the next message is in memory. */
  load(): Promise<void> {
    const sequence = this.#index.liveFrom(this.#next);
    if (sequence >= this.#index.next) return Promise.resolve();
    return this.#store.load(this.#index, sequence);
  }
}
