import { clearPersistent, type MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import { Publication } from '../publication.ts';

/** Messages dropped at a time where their virtual host is deleted. */
const droppedCountMax = 256;

/**
 * Durable messages that no queue has yet: they wait for a time, or for the outcome of a transaction.
 * They lie in a window as the messages of a queue do, so that the log keeps, finds and moves them
 * without knowing the difference. All of them are durable, whatever their sender asked for.
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
   * @param dueMs wall milliseconds, kept with the message; Infinity for none
   */
  add(publication: Publication, nowMs: number, dueMs: number): number {
    const block = this.#store.append(publication, this.#indexes, true, nowMs, dueMs);
    if (!publication.isPersistent) clearPersistent(block.buffer, this.#store.log.at);
    return this.index.next - 1;
  }

  /** Points the view at a message; false where its block must be loaded first. */
  view(sequence: number, view: MessageView): boolean {
    return this.#store.view(this.index, sequence, view);
  }

  /** Brings a message into memory; rejects where the log has failed. */
  load(sequence: number): Promise<void> {
    return this.#store.load(this.index, sequence);
  }

  /** Removes a message for good. */
  remove(sequence: number): void {
    this.#store.settle(this.index, sequence);
  }

  /** Forgets all messages at once for the log; {@link drop} releases them. */
  unlink(): void {
    this.#store.unlink(this.index);
  }

  /** Releases some messages after {@link unlink}; returns whether any are left. */
  drop(): boolean {
    return this.#store.dropSome(this.index, droppedCountMax) === droppedCountMax;
  }
}

/**
 * A held message as a publication. Its bytes are those of the view's buffer, valid as long as that is;
 * the exchange is not looked up, and its time to live is not set.
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
