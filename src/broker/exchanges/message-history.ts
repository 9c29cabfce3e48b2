// The latest messages of an exchange, which destinations get when they are bound to it.

import type { Publication } from '../publication.ts';

/** Maximum size of the messages that one exchange keeps, and all of a process together, bytes. */
const historyBytesMax = 4 * 1024 * 1024;
const allBytesMax = 64 * 1024 * 1024;
/** What is dropped at least when that is exceeded, so that it happens rarely, bytes. */
const droppedBytesMin = 1024 * 1024;
/** Memory of a message besides its bytes. */
const overheadBytes = 1024;

/** The histories of a virtual host that keep messages, and the size of these. */
class VhostHistories {
  readonly all = new Set<MessageHistory>();
  bytes = 0;

  /** Drops the oldest messages of those exchanges that keep more than others, until `left` is reached. */
  dropTo(left: number): void {
    while (allBytes > left && this.all.size > 0) {
      const mean = this.bytes / this.all.size;
      for (const history of this.all) {
        if (history.bytes >= mean) history.dropOldest();
        if (allBytes <= left) return;
      }
    }
  }
}

const byVhost = new Map<string, VhostHistories>();
/** The size of the messages of all virtual hosts. */
let allBytes = 0;

/** Makes room: the virtual host that keeps the most loses its oldest messages, no other one. */
function dropSome(): void {
  while (allBytes > allBytesMax) {
    let largest: VhostHistories | undefined;
    for (const each of byVhost.values()) {
      if (largest === undefined || each.bytes > largest.bytes) largest = each;
    }
    if (largest === undefined) return;
    const wanted = Math.min(droppedBytesMin, Math.ceil(largest.bytes / 2));
    largest.dropTo(allBytes - wanted);
  }
}

/** The latest messages, in memory only. Older ones are dropped to stay within the limits. */
export class MessageHistory {
  readonly #vhost: string;
  readonly #countMax: number;
  #messages: Publication[] = [];
  /** The size of the messages. */
  bytes = 0;
  #hasEnded = false;

  constructor(vhost: string, countMax: number) {
    this.#vhost = vhost;
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
    while (this.#messages.length > this.#countMax || this.bytes > historyBytesMax) {
      this.dropOldest();
    }
    if (allBytes > allBytesMax) dropSome();
  }

  /** Drops the oldest message; there is one. */
  dropOldest(): void {
    const oldest = this.#messages.shift();
    if (oldest !== undefined) this.#count(-sizeOf(oldest));
  }

  #count(bytes: number): void {
    let histories = byVhost.get(this.#vhost);
    if (histories === undefined) {
      histories = new VhostHistories();
      byVhost.set(this.#vhost, histories);
    }
    this.bytes += bytes;
    histories.bytes += bytes;
    allBytes += bytes;
    if (this.bytes > 0) histories.all.add(this);
    else histories.all.delete(this);
    if (histories.all.size === 0) byVhost.delete(this.#vhost);
  }

  /** The exchange was deleted. */
  end(): void {
    this.#count(-this.bytes);
    this.#messages = [];
    this.#hasEnded = true;
  }
}

function sizeOf({ sizeBytes }: Publication): number {
  return sizeBytes + overheadBytes;
}
