import { decodeText, encodeText } from '../base/byte-text.ts';
import { shortStringBytesMax } from '../base/bytes.ts';
import { requireAddressBytes } from './arguments.ts';
import type { Exchange } from './exchanges/exchange.ts';
import type { RememberedRoute } from './exchanges/router.ts';
import { noExtraKeys } from './exchanges/sender-keys.ts';

const nothing = Buffer.alloc(0);

/**
 * A message on its way in: what the broker needs to route and store it, without a copy. One object
 * a channel, set anew for each message; the broker keeps neither it nor its buffers.
 */
export class Publication {
  exchange: Exchange | undefined = undefined;
  routingKey = '';
  /** Where messages with the same exchange and routing key went. */
  remembered: RememberedRoute | undefined = undefined;
  /** Routing keys that the sender gave besides. */
  extraRoutingKeys: readonly string[] = noExtraKeys;
  /** Exchange and routing key one after the other, between two offsets; see `IncomingMessage.keys`. */
  address: Buffer = nothing;
  addressStart = 0;
  addressEnd = 0;
  isAddressLong = false;
  /** The sender's properties, still encoded. */
  head: Buffer = nothing;
  headStart = 0;
  headEnd = 0;
  /** Number of the message's format; see `formatNumbers` and `hasHiddenHeaders`. */
  format = 1;
  isPersistent = false;
  /** 0 to 255. */
  priority = 0;
  /** Time to live, milliseconds; below 0 where the sender set none. */
  expirationMs = -1;
  /** The protocol's own, carried through a transaction (AMQP 0-9-1: mandatory, as 1). */
  protocolFlags = 0;
  /** Bytes of all parts of the body. */
  bodyLength = 0;
  /** How many of the following lists are in use. */
  partCount = 0;
  readonly parts: Buffer[] = [];
  readonly partStarts: number[] = [];
  readonly partEnds: number[] = [];

  /** Bytes of head, keys and body. */
  get sizeBytes(): number {
    return this.headEnd - this.headStart + this.addressEnd - this.addressStart + this.bodyLength;
  }

  /**
   * Says where the message goes, as texts of at most {@link addressBytesMax} bytes.
   *
   * @throws {BrokerError} `precondition-failed` where one is longer
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

  /** The name of the exchange in {@link address}. */
  exchangeName(): string {
    const { address, addressStart } = this;
    const first = address[addressStart] ?? 0;
    const at = addressStart + (this.isAddressLong ? 2 : 1);
    const length = this.isAddressLong ? (first << 8) | (address[addressStart + 1] ?? 0) : first;
    return decodeText(address, at, at + length);
  }

  /** Adds the next part of the body: the bytes between two offsets. */
  addPart(buffer: Buffer, start: number, end: number): void {
    const n = this.partCount;
    this.parts[n] = buffer;
    this.partStarts[n] = start;
    this.partEnds[n] = end;
    this.partCount = n + 1;
    this.bodyLength += end - start;
  }

  /** The last part has become longer: more bytes follow it in its buffer. */
  growLastPart(size: number): void {
    const last = this.partCount - 1;
    this.partEnds[last] = (this.partEnds[last] ?? 0) + size;
    this.bodyLength += size;
  }

  /** Forgets the body, so that the next message's can be added. */
  clearBody(): void {
    this.partCount = 0;
    this.bodyLength = 0;
  }

  /** Lets go of every buffer of a large message, so that they can be collected. */
  release(): void {
    this.clearBody();
    this.parts.length = 0;
    this.head = nothing;
    this.address = nothing;
  }

  /** A copy that owns its bytes; for transactions. */
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
    for (let i = 0; i < this.partCount; i++) {
      const part = Buffer.from(
        (this.parts[i] ?? nothing).subarray(this.partStarts[i], this.partEnds[i]),
      );
      copy.addPart(part, 0, part.length);
    }
    return copy;
  }
}
