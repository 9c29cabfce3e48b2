// Writes MessageDispatch commands whose stored heads differ from the previous one in a few fields.

import { copyBytes, equalRange, writeU32 } from '../../../base/bytes.ts';
import { copiedDispatchSize, copyDispatch, messageIdOffset } from './copied-dispatch.ts';
import type { DispatchFields } from './dispatch-writer.ts';
import type { StoredFields } from './stored-fields.ts';
import { unset } from './stored-message.ts';
import { writeLong } from './wire-writer.ts';

const longBytes = 8;
/** A priority that the sender did not set. */
const noPriority: number = unset & 0xff;
/** Persistence, expiration and priority, which are consecutive. */
const decidedBytes = 1 + longBytes + 1;
/** The flag and the length of the content, before it. */
const contentStartBytes = 5;
/** The times of the broker, the flag of a group, and the redelivery counter at the end of a frame. */
const endBytes = 2 * longBytes + 1 + 4;
/** Of heads that are all different, one of so many becomes the next template. */
const learnedShare = 32;
/** Maximum number of different heads that become templates one after the other. */
const creditMax = 16;
/** Maximum size of the head of a template, in bytes. */
const headBytesMax = 512;
const nothing = Buffer.alloc(0);

/** The place of a stored head, and that of its body, which follows it. */
export interface StoredHead {
  readonly buffer: Buffer;
  readonly headAt: number;
  readonly headLength: number;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

/** A field whose bytes may differ, while its length is that of the template. */
class Text {
  /** Its offset in the head, and in the part of the frame before or after the content. */
  headAt = 0;
  partAt = 0;
  size = 0;

  set(headAt: number, partAt: number, size: number): void {
    this.headAt = headAt;
    this.partAt = partAt;
    this.size = size;
  }

  /** @param at the offset of the part */
  copy(out: Buffer, at: number, bytes: Buffer, headAt: number): void {
    if (this.size === 0) return;
    const start = headAt + this.headAt;
    copyBytes(out, at + this.partAt, bytes, start, start + this.size);
  }
}

/**
 * The dispatch of a message, in the encoding of stored heads, as the pattern of the next ones. The
 * messages of a producer usually differ only in their number, times, and in the bytes of content,
 * properties and correlation id, so that their fields need not be searched.
 */
export class DispatchTemplate {
  /** What the dispatch depends on besides the message. */
  #destination: object | undefined = undefined;
  #original: object | undefined = undefined;
  #head = nothing;
  /** The frame before and after the bytes of a content. Whole buffers are copied fastest. */
  #before = nothing;
  #after = nothing;
  #hasContent = false;
  /** Whether the head states a content, which may have no bytes. */
  #headHasContent = false;
  /** Heads that may still become templates: more if many were like the template. */
  #credit = creditMax;
  #otherCount = 0;
  readonly #correlationId = new Text();
  readonly #properties = new Text();
  /** Offsets in the head: the number of the message from its producer, and others. */
  sequenceAt = 0;
  #decidedAt = 0;
  #timestampAt = 0;
  /** Offsets in the frame. */
  #frameSequenceAt = 0;
  #frameDecidedAt = 0;
  #frameTimestampAt = 0;
  /** The offset of the redelivery counter of the message, after the content. */
  #counterAt = 0;

  /**
   * Whether a dispatch can be written by {@link write}.
   *
   * @param destination the destination that the consumer is shown
   * @param original the original destination, if it is shown
   */
  fits(stored: StoredHead, destination: object, original: object | undefined): boolean {
    const head = this.#head;
    const isSame =
      stored.headLength === head.length &&
      head.length > 0 &&
      this.#destination === destination &&
      this.#original === original &&
      (this.#headHasContent || stored.bodyLength > 0 === this.#hasContent);
    if (!isSame || !this.#isLike(stored.buffer, stored.headAt)) return false;
    if (this.#credit < creditMax) this.#credit += 2;
    return true;
  }

  /** Whether the fields that are not written again are the same in a head. */
  #isLike(bytes: Buffer, at: number): boolean {
    const head = this.#head;
    const id = this.sequenceAt + 2 * longBytes;
    const timestamp = this.#timestampAt + longBytes;
    const { headAt: textAt, size } = this.#correlationId;
    const properties = this.#properties;
    const replyTo = this.#decidedAt + decidedBytes;
    const rest = properties.headAt + properties.size;
    return (
      equalRange(head, 0, bytes, at, this.sequenceAt) &&
      equalRange(head, id, bytes, at + id, textAt - id) &&
      equalRange(head, textAt + size, bytes, at + textAt + size, this.#decidedAt - textAt - size) &&
      equalRange(head, replyTo, bytes, at + replyTo, this.#timestampAt - replyTo) &&
      equalRange(head, timestamp, bytes, at + timestamp, properties.headAt - timestamp) &&
      equalRange(head, rest, bytes, at + rest, head.length - rest)
    );
  }

  /** The size of a frame with a body of some bytes. */
  sizeOf(bodyLength: number): number {
    return this.#before.length + bodyLength + this.#after.length;
  }

  /**
   * Writes a frame.
   *
   * @param out has room for the whole frame at `at`
   * @param d its structures are not read
   */
  write(out: Buffer, at: number, stored: StoredHead, d: DispatchFields): void {
    const { buffer, headAt, bodyAt, bodyLength } = stored;
    const contentAt = copyBytes(out, at, this.#before, 0, this.#before.length);
    writeU32(out, at, this.sizeOf(bodyLength) - 4);
    const sequenceAt = at + this.#frameSequenceAt;
    const from = headAt + this.sequenceAt;
    copyBytes(out, sequenceAt, buffer, from, from + longBytes);
    writeLong(out, sequenceAt + longBytes, d.number);
    this.#correlationId.copy(out, at, buffer, headAt);
    const decidedAt = at + this.#frameDecidedAt;
    out[decidedAt] = d.isPersistent ? 1 : 0;
    writeLong(out, decidedAt + 1, d.expiration);
    const priority = buffer[headAt + this.#decidedAt + 1 + longBytes] ?? 0;
    out[decidedAt + 1 + longBytes] = priority === noPriority ? d.priority : priority;
    this.#writeTimestamp(out, at + this.#frameTimestampAt, buffer, headAt + this.#timestampAt);
    if (this.#hasContent) {
      writeU32(out, contentAt - 4, bodyLength);
      copyBytes(out, contentAt, buffer, bodyAt, bodyAt + bodyLength);
    }
    this.#writeEnd(out, contentAt + bodyLength, stored, d);
  }

  /** Writes a timestamp; 0 if the sender set none. */
  #writeTimestamp(out: Buffer, to: number, bytes: Buffer, from: number): void {
    if ((bytes[from] ?? 0) < 0x80) copyBytes(out, to, bytes, from, from + longBytes);
    else writeLong(out, to, 0);
  }

  /** Writes the fields after the content. */
  #writeEnd(out: Buffer, at: number, { buffer, headAt }: StoredHead, d: DispatchFields): void {
    const end = copyBytes(out, at, this.#after, 0, this.#after.length);
    this.#properties.copy(out, at, buffer, headAt);
    writeU32(out, at + this.#counterAt, d.redeliveryCounter);
    writeLong(out, end - endBytes, d.brokerInTime);
    writeLong(out, end - endBytes + longBytes, d.brokerOutTime);
    out[end - 5] = d.isFirstOfGroup ? 1 : 0;
    writeU32(out, end - 4, d.redeliveryCounter);
  }

  /**
   * Makes a dispatch the template, unless many messages are different from each other. Returns
   * whether it did.
   */
  learn(stored: StoredHead, f: StoredFields, d: DispatchFields): boolean {
    if (stored.headLength > headBytesMax) return false;
    if (this.#credit > 0) this.#credit--;
    else if (this.#otherCount++ % learnedShare !== 0) return false;
    const { buffer, headAt, headLength, bodyLength } = stored;
    this.#destination = d.destination;
    this.#original = d.original;
    this.#headHasContent = f.hasContent;
    this.#hasContent = f.hasContent || bodyLength > 0;
    this.#head = Buffer.from(buffer.subarray(headAt, headAt + headLength));
    const bodySize = this.#hasContent ? 0 : -1;
    const frame = Buffer.allocUnsafeSlow(copiedDispatchSize(f, d, bodySize));
    copyDispatch(frame, 0, frame.length, f, d, headAt, bodySize);
    const contentAt = this.#find(f, messageIdOffset(f, d), headAt);
    this.#before = Buffer.from(frame.subarray(0, contentAt));
    this.#after = Buffer.from(frame.subarray(contentAt));
    return true;
  }

  /** Finds the offsets of the fields that differ. Returns the offset of the content in the frame. */
  #find(f: StoredFields, frameIdAt: number, headAt: number): number {
    this.sequenceAt = f.sequenceAt - headAt;
    this.#decidedAt = f.persistentAt - headAt;
    this.#timestampAt = f.timestampAt - headAt;
    this.#frameSequenceAt = frameIdAt + f.sequenceAt - f.messageIdAt;
    // From the message id to the content, the fields have the same lengths as in the head.
    const shift = this.#frameSequenceAt - f.sequenceAt;
    this.#frameDecidedAt = f.persistentAt + shift;
    this.#frameTimestampAt = f.timestampAt + shift;
    const correlationId = textAt(f.bytes, f.correlationIdAt);
    this.#correlationId.set(
      correlationId.at - headAt,
      correlationId.at + shift,
      correlationId.size,
    );
    this.#counterAt = f.compressedAt + 1 - f.propertiesAt;
    const hasProperties = f.bytes[f.propertiesAt] !== 0;
    const propertiesAt = f.propertiesAt + (hasProperties ? 5 : 1);
    // Two null values are between them and the flag of compression.
    const propertiesSize = f.compressedAt - 2 - propertiesAt;
    this.#properties.set(propertiesAt - headAt, propertiesAt - f.propertiesAt, propertiesSize);
    return f.contentAt + shift + (this.#hasContent ? contentStartBytes : 1);
  }
}

/** The bytes of a text, whose flag is at an offset. */
function textAt(bytes: Buffer, at: number): { readonly at: number; readonly size: number } {
  if (bytes[at] === 0) return { at: at + 1, size: 0 };
  return { at: at + 3, size: ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0) };
}
