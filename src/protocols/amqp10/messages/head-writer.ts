// What precedes the unchanged sections of a delivered message.

import type { Delivery } from '../../../broker/subscription.ts';
import { headerBytes, writeHeaderSection } from './header-section.ts';
import { StoredHead } from './stored-head.ts';

/** Writes the first sections of delivered messages. */
export interface HeadWriter {
  /** What the last call wrote, and its length. */
  readonly bytes: Buffer;
  readonly length: number;
  /** The offset in the delivery's buffer after the sections that were replaced. */
  readonly restAt: number;
  readonly messageFormat: number;
  /** @param delivery in the format of AMQP 1.0 */
  write(delivery: Delivery, nowMs: number): void;
}

/** Writes a new header section. The other sections stay as they were received. */
class HeaderWriter implements HeadWriter {
  readonly bytes = headerBytes;
  length = 0;
  restAt = 0;
  messageFormat = 0;
  readonly #stored = new StoredHead();

  write(delivery: Delivery, nowMs: number): void {
    const { buffer, headAt, headLength } = delivery;
    this.#stored.read(buffer, headAt, headAt + headLength);
    this.restAt = this.#stored.restAt;
    this.messageFormat = this.#stored.messageFormat;
    this.length = writeHeaderSection(delivery, nowMs);
  }
}

/** The writer for messages whose annotations stay as they are. */
export const headerWriter: HeadWriter = new HeaderWriter();
