// A cursor for browsing a queue.

import type { MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';

/** Reads the messages of a queue in order without acquiring them. */
export interface MessageCursor {
  /** The sequence number of the last message that was read; -1 before the first. */
  readonly position: number;
  /**
   * Opens the view on the next message.
   *
   * @returns `cold` if the message is on disk: call {@link load} and read again; `end` if there are
   *   no more messages at present
   */
  read(view: MessageView): 'message' | 'cold' | 'end';
  /** The message that was read last is read again. */
  back(): void;
  /** Resolves once the next message is in memory. */
  load(): Promise<void>;
}

/**
 * Reads the messages of a queue, including those that consumers have. Messages that are settled in
 * the meantime are skipped.
 */
export class Cursor implements MessageCursor {
  readonly #store: MessageStore;
  readonly #index: QueueIndex;
  #next: number;

  /** @param from the first sequence number to read */
  constructor(store: MessageStore, queueIndex: QueueIndex, from = 0) {
    this.#store = store;
    this.#index = queueIndex;
    this.#next = from;
  }

  get position(): number {
    return this.#next - 1;
  }

  read(view: MessageView): 'message' | 'cold' | 'end' {
    const queueIndex = this.#index;
    const sequence = queueIndex.liveFrom(this.#next);
    if (sequence >= queueIndex.next) return 'end';
    if (!this.#store.view(queueIndex, sequence, view)) return 'cold';
    this.#next = sequence + 1;
    return 'message';
  }

  back(): void {
    this.#next--;
  }

  load(): Promise<void> {
    const sequence = this.#index.liveFrom(this.#next);
    if (sequence >= this.#index.next) return Promise.resolve();
    return this.#store.load(this.#index, sequence);
  }
}
