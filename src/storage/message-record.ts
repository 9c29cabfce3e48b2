import { readU32, readU48 } from '../base/bytes.ts';

/*
 * flags u8 | format u8 | queue count u16 | per queue: number u32, sequence u48 | received ms u48 |
 * [expires ms u48] | priority u8 | exchange, routing key: short strings | head length u32 |
 * body length u32 | head | body. Numbers are big-endian.
 */

/** Flag of a message record: the message has a time to live of its own. */
export const hasExpiry = 1;

/** Flag of a message record: the sender wants it kept, whether or not a queue could. */
export const persistent = 2;

/** Bytes of a message record without keys, head, body and expiry. */
export const fixedBytes = 1 + 1 + 2 + 6 + 1 + 4 + 4;
/** Bytes a queue takes in a message record. */
export const queueBytes = 10;

/** A cursor over one stored message; set anew for each, so nothing of it may be kept. */
export class MessageView {
  buffer: Buffer = Buffer.alloc(0);
  /** Start of the record. */
  at = 0;
  format = 0;
  queueCount = 0;
  isPersistent = false;
  receivedAtMs = 0;
  /** Wall milliseconds; Infinity for never. */
  expiresAtMs = Infinity;
  /** 0 to 255. */
  priority = 0;
  /** Exchange and routing key: two short strings one after the other, up to `keysEnd`. */
  keysAt = 0;
  keysEnd = 0;
  headAt = 0;
  headLength = 0;
  bodyAt = 0;
  bodyLength = 0;

  /** Points the cursor at the message whose record begins here. */
  open(buffer: Buffer, at: number): void {
    this.buffer = buffer;
    this.at = at;
    this.isPersistent = ((buffer[at] ?? 0) & persistent) !== 0;
    this.format = buffer[at + 1] ?? 0;
    this.queueCount = ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0);
    let p = at + 4 + this.queueCount * queueBytes;
    this.receivedAtMs = readU48(buffer, p);
    p += 6;
    if (((buffer[at] ?? 0) & hasExpiry) === 0) this.expiresAtMs = Infinity;
    else {
      this.expiresAtMs = readU48(buffer, p);
      p += 6;
    }
    this.priority = buffer[p] ?? 0;
    this.keysAt = p + 1;
    p = this.keysAt + 1 + (buffer[this.keysAt] ?? 0);
    p += 1 + (buffer[p] ?? 0);
    this.keysEnd = p;
    this.headLength = readU32(buffer, p);
    this.bodyLength = readU32(buffer, p + 4);
    this.headAt = p + 8;
    this.bodyAt = this.headAt + this.headLength;
  }

  /** The exchange it was published to. */
  exchangeName(): string {
    const length = this.buffer[this.keysAt] ?? 0;
    return this.buffer.toString('utf8', this.keysAt + 1, this.keysAt + 1 + length);
  }

  /** The routing key it was published with. */
  routingKey(): string {
    const at = this.keysAt + 1 + (this.buffer[this.keysAt] ?? 0);
    return this.buffer.toString('utf8', at + 1, this.keysEnd);
  }
}
