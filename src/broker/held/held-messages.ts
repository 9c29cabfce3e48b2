// Messages that are stored but belong to no queue.

import { clearPersistent, type MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import { Publication } from '../publication.ts';

/** Number of messages dropped at a time when their virtual host is deleted. */
const droppedCountMax = 256;

/**
 * Durable messages that belong to no queue yet: they wait for a time, or for the outcome of a
 * transaction. They have a queue index like the messages of a queue, so the log treats them in the
 * same way. All of them are durable, even if their sender did not request it.
 */
export class HeldMessages {
  readonly index: QueueIndex;
  readonly #store: MessageStore;
  readonly #indexes: readonly QueueIndex[];

  constructor(store: MessageStore, queueIndex: QueueIndex) {
    this.#store = store;
    this.index = queueIndex;
    this.#indexes = [queueIndex];
  }

  /**
   * Appends a copy of a message and returns its number.
   *
   * @param dueMs milliseconds since 1970, stored with the message; Infinity for none
   */
  add(publication: Publication, nowMs: number, dueMs: number): number {
    const block = this.#store.append(publication, this.#indexes, true, nowMs, dueMs);
    if (!publication.isPersistent) clearPersistent(block.buffer, this.#store.log.at);
    return this.index.next - 1;
  }

  /** Opens the view on a message. Returns false if its block must be loaded first. */
  view(sequence: number, view: MessageView): boolean {
    return this.#store.view(this.index, sequence, view);
  }

  /** Loads a message into memory. Rejects if the log has failed. */
  load(sequence: number): Promise<void> {
    return this.#store.load(this.index, sequence);
  }

  /** Removes a message permanently. */
  remove(sequence: number): void {
    this.#store.settle(this.index, sequence);
  }

  /** Removes all messages from the log at once; {@link drop} releases their memory. */
  unlink(): void {
    this.#store.unlink(this.index);
  }

  /** Releases some messages after {@link unlink}. Returns whether any are left. */
  drop(): boolean {
    return this.#store.dropSome(this.index, droppedCountMax) === droppedCountMax;
  }

  /** Releases all messages after {@link unlink}, in steps. */
  *dropAll(): Generator<void> {
    while (this.drop()) yield;
  }
}

/**
 * Converts a held message to a publication, which is valid as long as the view's buffer. Exchange
 * and time to live are not set.
 */
export function publicationOf(view: MessageView): Publication {
  const publication = new Publication();
  publication.address = view.buffer;
  publication.addressStart = view.addressAt;
  publication.addressEnd = view.addressEnd;
  publication.isAddressLong = view.isAddressLong;
  publication.routingKey = view.routingKey();
  publication.format = view.format;
  publication.priority = view.priority;
  publication.isPersistent = view.isPersistent;
  publication.head = view.buffer;
  publication.headStart = view.headAt;
  publication.headEnd = view.headAt + view.headLength;
  if (view.bodyLength > 0) {
    publication.addPart(view.buffer, view.bodyAt, view.bodyAt + view.bodyLength);
  }
  return publication;
}
