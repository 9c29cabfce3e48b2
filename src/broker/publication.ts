// A message that is being published.

import { decodeText, encodeText } from '../base/byte-text.ts';
import { shortStringBytesMax } from '../base/bytes.ts';
import { largeRecordBytes } from '../storage/log/block.ts';
import { requireAddressBytes } from './arguments.ts';
import type { Exchange } from './exchanges/exchange.ts';
import type { RememberedRoute } from './exchanges/route-cache.ts';
import { noExtraKeys } from './exchanges/sender-keys.ts';

const nothing = Buffer.alloc(0);

/**
 * Whether the buffers of a body can be kept instead of a copy. Those of a large record stay as they are,
 * because the log copies them in later turns; and small parts are gathered when they are received, so
 * that they do not keep much else in memory.
 */
export function isBodyKept({ bodyLength }: Pick<Publication, 'bodyLength'>): boolean {
  return bodyLength > largeRecordBytes;
}

/**
 * A message that is being published: the data for routing and storing it, without a copy. Channels
 * reuse one object for all messages. The broker retains neither the object nor its buffers.
 */
export class Publication {
  exchange: Exchange | undefined = undefined;
  routingKey = '';
  /** The last route for the same exchange and routing key. */
  remembered: RememberedRoute | undefined = undefined;
  /** Additional routing keys of the sender. */
  extraRoutingKeys: readonly string[] = noExtraKeys;
  /** Exchange and routing key, between two offsets; see `IncomingMessage.address`. */
  address: Buffer = nothing;
  addressStart = 0;
  addressEnd = 0;
  isAddressLong = false;
  /** The encoded properties. */
  head: Buffer = nothing;
  headStart = 0;
  headEnd = 0;
  /** The number of the message format; see `formatNumbers` and the flags after it. */
  format = 1;
  isPersistent = false;
  /** 0 to 255. */
  priority = 0;
  /** Time to live, milliseconds; negative if the sender set none. */
  expirationMs = -1;
  /** Flags of the protocol, preserved in transactions (AMQP 0-9-1: 1 for mandatory). */
  protocolFlags = 0;
  /** Total size of the body, bytes. */
  bodyLength = 0;
  /** The number of used elements in the following lists. */
  partCount = 0;
  readonly parts: Buffer[] = [];
  readonly partStarts: number[] = [];
  readonly partEnds: number[] = [];

  /** The size of head, address and body, bytes. */
  get sizeBytes(): number {
    return this.headEnd - this.headStart + this.addressEnd - this.addressStart + this.bodyLength;
  }

  /**
   * Sets the address. Both texts have at most {@link addressBytesMax} bytes.
   *
   * @throws {BrokerError} `precondition-failed` if one is longer
   */
  setAddress(exchange: string, routingKey: string): void {
    this.routingKey = routingKey;
    const texts = [encodeText(exchange), encodeText(routingKey)];
    this.isAddressLong = texts.some(({ length }) => length > shortStringBytesMax);
    const pieces: Buffer[] = [];
    for (const bytes of texts) {
      requireAddressBytes('exchange or routing key', bytes.length);
      const { length } = bytes;
      pieces.push(this.isAddressLong ? Buffer.of(length >>> 8, length) : Buffer.of(length), bytes);
    }
    this.address = Buffer.concat(pieces);
    this.addressStart = 0;
    this.addressEnd = this.address.length;
  }

  /** The exchange name in {@link address}. */
  exchangeName(): string {
    const { address, addressStart } = this;
    const first = address[addressStart] ?? 0;
    const at = addressStart + (this.isAddressLong ? 2 : 1);
    const length = this.isAddressLong ? (first << 8) | (address[addressStart + 1] ?? 0) : first;
    return decodeText(address, at, at + length);
  }

  /** Adds a part of the body: the bytes between two offsets. */
  addPart(buffer: Buffer, start: number, end: number): void {
    const n = this.partCount;
    this.parts[n] = buffer;
    this.partStarts[n] = start;
    this.partEnds[n] = end;
    this.partCount = n + 1;
    this.bodyLength += end - start;
  }

  /** Extends the last part by the bytes that follow it in its buffer. */
  growLastPart(size: number): void {
    const last = this.partCount - 1;
    this.partEnds[last] = (this.partEnds[last] ?? 0) + size;
    this.bodyLength += size;
  }

  /** Removes the body, so that another one can be added. */
  clearBody(): void {
    this.partCount = 0;
    this.bodyLength = 0;
  }

  /** Releases the buffers of a large message, so that they can be collected. */
  release(): void {
    this.clearBody();
    this.parts.length = 0;
    this.head = nothing;
    this.address = nothing;
  }

  /** Adds the parts of the body of another message. */
  addPartsOf(other: Pick<Publication, 'partCount' | 'parts' | 'partStarts' | 'partEnds'>): void {
    for (let i = 0; i < other.partCount; i++) {
      const part = other.parts[i] ?? nothing;
      this.addPart(part, other.partStarts[i] ?? 0, other.partEnds[i] ?? 0);
    }
  }

  /** A copy with its own buffers, except for those of a large body: see {@link isBodyKept}. */
  copy(): Publication {
    const copy = new Publication();
    copy.exchange = this.exchange;
    copy.routingKey = this.routingKey;
    copy.remembered = this.remembered;
    copy.extraRoutingKeys = this.extraRoutingKeys;
    copy.address = Buffer.from(this.address.subarray(this.addressStart, this.addressEnd));
    copy.addressEnd = copy.address.length;
    copy.isAddressLong = this.isAddressLong;
    copy.head = Buffer.from(this.head.subarray(this.headStart, this.headEnd));
    copy.headEnd = copy.head.length;
    copy.format = this.format;
    copy.isPersistent = this.isPersistent;
    copy.priority = this.priority;
    copy.expirationMs = this.expirationMs;
    copy.protocolFlags = this.protocolFlags;
    if (isBodyKept(this)) copy.addPartsOf(this);
    else {
      for (let i = 0; i < this.partCount; i++) {
        const part = Buffer.from(
          (this.parts[i] ?? nothing).subarray(this.partStarts[i], this.partEnds[i]),
        );
        copy.addPart(part, 0, part.length);
      }
    }
    return copy;
  }
}
