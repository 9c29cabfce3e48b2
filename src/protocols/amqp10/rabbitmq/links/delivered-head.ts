// The first sections of a message for a receiver: the header, and annotations about its way.

import { copyBytes, equalRange, writeU32 } from '../../../../base/bytes.ts';
import type { Delivery } from '../../../../broker/subscription.ts';
import { Decoder } from '../../codec/decoder.ts';
import { Encoder } from '../../codec/encoder.ts';
import { codes } from '../../codec/format-codes.ts';
import { type Entry, type Item, stringItem, symbolItem, textOf } from '../../codec/items.ts';
import { AmqpError } from '../../errors.ts';
import type { HeadWriter } from '../../messages/head-writer.ts';
import { SectionScan, sections } from '../../messages/sections.ts';
import { StoredHead } from '../../messages/stored-head.ts';
import { annotationNames } from '../conversion/names.ts';

const decoder = new Decoder();
const scan = new SectionScan();
const stored = new StoredHead();

/** Size of the largest header section, in bytes. */
const headerBytesMax = 24;

/** A byte of annotations, which are decoded one by one, takes as long as this many of a converted body. */
const annotationByteWeight = 16;

const none = Buffer.alloc(0);

/** Maximum size of a stored header section that is compared with that of the next message, in bytes. */
const comparedBytesMax = 64;

/**
 * Writes the header section as RabbitMQ does, and the annotations `x-exchange`, `x-routing-key` and
 * `x-delivery-count`, which replace those of the sender. What was written last is kept, because most
 * messages of a link have the same header section and address.
 */
export class DeliveredHead implements HeadWriter {
  bytes: Buffer = Buffer.alloc(1024);
  length = 0;
  restAt = 0;
  messageFormat = 0;
  /** The address whose annotations are in {@link #annotations}. */
  #address: Buffer = none;
  #annotations: Buffer = none;
  /** The stored header section of the last message. */
  readonly #header = Buffer.alloc(comparedBytesMax);
  /** Its size; -1 if what was written applies to no other message. */
  #headerSize = -1;
  #isPersistent = false;

  write(delivery: Delivery): void {
    const { buffer, headAt, headLength } = delivery;
    const end = headAt + headLength;
    if (this.#isLikeLast(delivery, end)) {
      this.restAt = headAt + this.#headerSize;
      return;
    }
    stored.read(buffer, headAt, end);
    this.messageFormat = stored.messageFormat;
    const { sectionsAt, restAt } = stored;
    const hasOwn = isAnnotations(buffer, restAt, end);
    this.restAt = hasOwn ? scan.end : restAt;
    let hasDied = false;
    let annotations: Buffer;
    if (hasOwn) {
      // Counted against what may be delivered in this turn.
      delivery.convertedBytes += (scan.end - restAt) * annotationByteWeight;
      const entries = entriesOf(buffer, scan.valueAt, scan.end);
      hasDied = entries.some(([key]) => textOf(key) === annotationNames.deaths);
      annotations = encoded([...entries.filter(isKept), ...wayOf(delivery)]);
    } else annotations = this.#ofAddress(delivery);
    const size = headerBytesMax + annotations.length;
    if (size > this.bytes.length) this.bytes = Buffer.alloc(2 * size);
    const isFirst = !delivery.redelivered && delivery.deliveryCount === 0 && !hasDied;
    const at = this.#writeHeader(delivery, sectionsAt, restAt, isFirst);
    this.length = copyBytes(this.bytes, at, annotations, 0, annotations.length);
    this.#keep(delivery, restAt, !hasOwn && isFirst);
  }

  /** Whether what was written last applies to a message. */
  #isLikeLast(delivery: Delivery, end: number): boolean {
    const size = this.#headerSize;
    const { buffer, headAt, addressAt, addressEnd, deliveryCount, streamOffset } = delivery;
    if (size < 0 || delivery.redelivered || deliveryCount !== 0 || streamOffset >= 0) return false;
    if (delivery.isPersistent !== this.#isPersistent) return false;
    const restAt = headAt + size;
    if (restAt > end || !beginsOther(buffer, restAt, end)) return false;
    const known = this.#address;
    return (
      known.length === addressEnd - addressAt &&
      equalRange(buffer, headAt, this.#header, 0, size) &&
      equalRange(buffer, addressAt, known, 0, known.length)
    );
  }

  /** Keeps what was written for the next message if it may apply to it. */
  #keep(delivery: Delivery, restAt: number, isUsual: boolean): void {
    const { buffer, headAt } = delivery;
    const size = restAt - headAt;
    const isKept =
      isUsual && delivery.streamOffset < 0 && this.messageFormat === 0 && size <= comparedBytesMax;
    this.#headerSize = isKept ? size : -1;
    if (!isKept) return;
    copyBytes(this.#header, 0, buffer, headAt, restAt);
    this.#isPersistent = delivery.isPersistent;
  }

  #ofAddress(delivery: Delivery): Buffer {
    const { buffer, addressAt, addressEnd, deliveryCount, streamOffset } = delivery;
    // Each message of a stream has annotations of its own.
    if (streamOffset >= 0) return encoded(wayOf(delivery));
    const known = this.#address;
    const isKnown =
      known.length === addressEnd - addressAt &&
      equalRange(buffer, addressAt, known, 0, known.length) &&
      deliveryCount === 0;
    if (isKnown && known.length > 0) return this.#annotations;
    const annotations = encoded(wayOf(delivery));
    if (deliveryCount === 0) {
      this.#address = Buffer.from(buffer.subarray(addressAt, addressEnd));
      this.#annotations = annotations;
    }
    return annotations;
  }

  /** Priority and time to live are those of the sender. */
  #writeHeader(delivery: Delivery, from: number, to: number, isFirst: boolean): number {
    const { bytes } = this;
    let priority: number | undefined;
    let ttlMs: number | undefined;
    if (to > from && scan.read(delivery.buffer, from, to)) {
      decoder.reset(delivery.buffer, scan.valueAt, scan.end);
      const count = decoder.openList();
      if (count > 0) decoder.skip();
      priority = count > 1 ? decoder.ubyte() : undefined;
      ttlMs = count > 2 ? decoder.uint() : undefined;
    }
    let at = 0;
    bytes[at++] = codes.described;
    bytes[at++] = codes.smallulong;
    bytes[at++] = sections.header;
    bytes[at++] = codes.list8;
    const sizeAt = at++;
    bytes[at++] = 5;
    bytes[at++] = delivery.isPersistent ? codes.true : codes.false;
    if (priority === undefined) bytes[at++] = codes.null;
    else {
      bytes[at++] = codes.ubyte;
      bytes[at++] = priority;
    }
    if (ttlMs === undefined) bytes[at++] = codes.null;
    else {
      bytes[at++] = codes.uint;
      at = writeU32(bytes, at, ttlMs);
    }
    bytes[at++] = isFirst ? codes.true : codes.false;
    bytes[at++] = codes.uint;
    at = writeU32(bytes, at, delivery.deliveryCount);
    bytes[sizeAt] = at - sizeAt - 1;
    return at;
  }
}

/** Whether a section with annotations is at an offset, which is then in `scan`. */
function isAnnotations(buffer: Buffer, at: number, end: number): boolean {
  if (at >= end) return false;
  return scan.read(buffer, at, end) && scan.code === sections.messageAnnotations;
}

/** Whether the rest of a head is empty, or begins with a section other than header and annotations. */
function beginsOther(buffer: Buffer, at: number, end: number): boolean {
  if (at === end) return true;
  const code = buffer[at + 2];
  return (
    end - at >= 3 &&
    buffer[at] === codes.described &&
    buffer[at + 1] === codes.smallulong &&
    code !== sections.header &&
    code !== sections.messageAnnotations
  );
}

/** Without entries if the annotations have more values than are decoded. */
function entriesOf(buffer: Buffer, at: number, end: number): readonly Entry[] {
  try {
    return decoder.reset(buffer, at, end).map() ?? [];
  } catch (error) {
    if (error instanceof AmqpError) return [];
    throw error;
  }
}

const replaced: ReadonlySet<string> = new Set([
  annotationNames.exchange,
  annotationNames.routingKey,
  annotationNames.deliveryCount,
  annotationNames.streamOffset,
]);

function isKept([key]: Entry): boolean {
  return !replaced.has(textOf(key) ?? '');
}

/** The annotations about the way of a message. */
function wayOf(delivery: Delivery): Entry[] {
  const entry = (name: string, value: Item): Entry => [symbolItem(name), value];
  const way = [
    entry(annotationNames.exchange, stringItem(delivery.exchangeName())),
    entry(annotationNames.routingKey, stringItem(delivery.routingKey())),
  ];
  const { deliveryCount, streamOffset } = delivery;
  if (streamOffset >= 0) {
    way.push(entry(annotationNames.streamOffset, { type: 'ulong', value: BigInt(streamOffset) }));
  }
  if (deliveryCount === 0) return way;
  const count: Item = { type: 'long', value: BigInt(deliveryCount) };
  return [...way, entry(annotationNames.deliveryCount, count)];
}

function encoded(entries: readonly Entry[]): Buffer {
  const w = new Encoder(256);
  w.descriptor(sections.messageAnnotations);
  w.map(entries);
  return w.toBuffer();
}
