// A cursor for browsing a stream.

import type { MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { StreamIndex } from '../../storage/streams/stream-index.ts';
import { StreamReader } from '../../storage/streams/stream-reader.ts';
import type { MessageCursor } from '../dispatch/cursor.ts';

/** Reads the messages of a stream that were on disk when it was created. */
export class StreamCursor implements MessageCursor {
  readonly #store: MessageStore;
  readonly #index: StreamIndex;
  readonly #reader: StreamReader;
  readonly #end: number;

  /** @param committed the number before which all messages are on disk */
  constructor(store: MessageStore, index: StreamIndex, committed: number) {
    this.#store = store;
    this.#index = index;
    this.#end = committed;
    this.#reader = new StreamReader(index, () => store.log, 0);
  }

  get position(): number {
    return this.#reader.position - 1;
  }

  read(view: MessageView): 'message' | 'cold' | 'end' {
    return this.#reader.read(view, this.#end);
  }

  back(): void {
    this.#reader.back();
  }

  load(): Promise<void> {
    const sequence = this.#reader.coldSequence;
    if (this.#index.slot(sequence) < 0) return Promise.resolve();
    return this.#store.load(this.#index, sequence);
  }
}
