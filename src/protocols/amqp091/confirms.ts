import type { Outbox } from './outbox.ts';

/**
 * Publishes of one channel in confirm mode that wait for the log. Only the last tag of each group
 * is kept: what a group's sync makes durable is confirmed by one merged `basic.ack`.
 */
export class Confirms {
  readonly #channel: number;
  #lastTag = 0;
  /** Every publish up to this one may be confirmed. */
  #durableTag = 0;
  /** Every publish up to this one has been answered. */
  #answeredTag = 0;
  #groups: number[] = [];
  #tags: number[] = [];

  constructor(channel: number) {
    this.#channel = channel;
  }

  get isWaiting(): boolean {
    return this.#groups.length > 0 || this.#durableTag > this.#answeredTag;
  }

  /**
   * Counts a publish that was taken.
   *
   * @param group what must be durable before it is confirmed; 0 where nothing of it is
   */
  taken(group: number): void {
    const tag = ++this.#lastTag;
    const last = this.#groups.length - 1;
    if (group === 0 && last < 0) this.#durableTag = tag;
    else if (group === 0 || this.#groups[last] === group) this.#tags[last] = tag;
    else {
      this.#groups.push(group);
      this.#tags.push(tag);
    }
  }

  /** Counts a publish that was refused, and says so. */
  refused(outbox: Outbox): void {
    this.write(outbox);
    const deliveryTag = ++this.#lastTag;
    outbox.method(this.#channel, {
      id: 0x003c0078,
      deliveryTag,
      multiple: false,
      requeue: false,
    });
    if (this.#groups.length === 0) {
      this.#durableTag = deliveryTag;
      this.#answeredTag = deliveryTag;
    }
  }

  /** Groups up to this one are durable. */
  durable(group: number): void {
    let count = 0;
    while (count < this.#groups.length && (this.#groups[count] as number) <= group) count++;
    if (count === 0) return;
    this.#durableTag = this.#tags[count - 1] as number; // both lists are of one length
    this.#groups.splice(0, count);
    this.#tags.splice(0, count);
  }

  /** Writes the merged confirm of all that may be confirmed. */
  write(outbox: Outbox): void {
    const deliveryTag = this.#durableTag;
    if (deliveryTag <= this.#answeredTag) return;
    const multiple = deliveryTag - this.#answeredTag > 1;
    this.#answeredTag = deliveryTag;
    outbox.method(this.#channel, { id: 0x003c0050, deliveryTag, multiple });
  }
}
