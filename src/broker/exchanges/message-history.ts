// The latest messages of an exchange, which destinations get when they are bound to it.

import type { Publication } from '../publication.ts';

/** Maximum size of the messages that one exchange keeps, and all of a process together, bytes. */
const historyBytesMax = 4 * 1024 * 1024;
const allBytesMax = 64 * 1024 * 1024;
/** Memory of a message besides its bytes. */
const overheadBytes = 1024;

/** The size of the messages of all exchanges. */
let allBytes = 0;

/** The latest messages, in memory only. Older ones are dropped to stay within the limits. */
export class MessageHistory {
  readonly #countMax: number;
  #messages: Publication[] = [];
  #bytes = 0;
  #hasEnded = false;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** The messages, the oldest first. */
  get messages(): readonly Publication[] {
    return this.#messages;
  }

  /**
   * Adds a message. One that is larger than an exchange may keep is not added.
   *
   * @param message owns its bytes
   */
  add(message: Publication): void {
    const size = sizeOf(message);
    if (this.#hasEnded || size > historyBytesMax) return;
    this.#messages.push(message);
    this.#count(size);
    let dropped = 0;
    while (
      this.#messages.length - dropped > this.#countMax ||
      this.#bytes > historyBytesMax ||
      (allBytes > allBytesMax && dropped < this.#messages.length)
    ) {
      this.#count(-sizeOf(this.#messages[dropped++] as Publication)); // there are more
    }
    if (dropped > 0) this.#messages.splice(0, dropped);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    allBytes += bytes;
  }

  /** The exchange was deleted. */
  end(): void {
    this.#count(-this.#bytes);
    this.#messages = [];
    this.#hasEnded = true;
  }
}

function sizeOf({ sizeBytes }: Publication): number {
  return sizeBytes + overheadBytes;
}
