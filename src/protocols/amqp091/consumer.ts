// A consumer of a channel.

import { ByteArena } from '../../base/byte-arena.ts';
import { clipText, encodeText } from '../../base/byte-text.ts';
import { checkShortString, copyBytes, shortStringBytesMax, writeU32 } from '../../base/bytes.ts';
import { type Arguments, noArguments } from '../../broker/arguments.ts';
import { formatNumbers } from '../../broker/format.ts';
import type { Consumer, Delivery, Subscription } from '../../broker/subscription.ts';
import type { Channel } from './channel.ts';
import { frameEnd, frameTypes } from './codec/frames.ts';
import { methodIds } from './codec/methods.gen.ts';
import { asOwn, isOwn, prepare } from './conversion/deliveries.ts';
import { writeContentHead, writeFrameHead } from './outbox.ts';
import { traceDelivery } from './tracing/trace.ts';

const arena = new ByteArena();

/** Bodies up to this size are sent together with their frame headers. */
const pieceSizeMax = 32 * 1024;

/** A consumer of a channel, which writes deliveries as frames. */
export class ChannelConsumer implements Consumer {
  readonly tag: string;
  readonly isSettled: boolean;
  readonly arguments: Arguments;
  /** Set when the queue has accepted the consumer, before any delivery. */
  subscription: Subscription | undefined = undefined;
  readonly #channel: Channel;
  /**
   * The method frame up to the delivery tag, between two offsets. Its length is set for each
   * delivery.
   */
  readonly #prefix: Buffer;
  readonly #prefixStart: number;
  readonly #prefixEnd: number;

  constructor(channel: Channel, tag: string, isSettled: boolean, args: Arguments = noArguments) {
    this.#channel = channel;
    this.tag = tag;
    this.isSettled = isSettled;
    this.arguments = args;
    const name = encodeText(tag);
    checkShortString(name.length);
    const prefix = Buffer.alloc(12 + name.length);
    writeFrameHead(prefix, 0, frameTypes.method, channel.number, 0);
    prefix.writeUInt32BE(methodIds.basicDeliver, 7);
    prefix[11] = name.length;
    name.copy(prefix, 12);
    this.#prefixStart = arena.put(prefix, 0, prefix.length);
    this.#prefixEnd = this.#prefixStart + prefix.length;
    this.#prefix = arena.bytes;
  }

  get isWritable(): boolean {
    return this.#channel.takesDeliveries;
  }

  deliver(delivery: Delivery): void {
    try {
      const own = isOwn(delivery) ? delivery : asOwn(delivery, this.#channel);
      if (this.#channel.vhost.isTracing) this.#trace(delivery, own);
      this.#write(own);
    } catch (thrown) {
      this.#channel.host.deliveryFailed(thrown);
    }
  }

  prepare(delivery: Delivery): Promise<void> | undefined {
    return prepare(delivery, this.#channel);
  }

  #write(delivery: Delivery): void {
    const { tags, outbox, number, frameMax } = this.#channel;
    const tag =
      this.isSettled || this.subscription === undefined
        ? tags.nextSettled()
        : tags.next(this.subscription, delivery.deliveryNumber);
    const { headLength, bodyLength } = delivery;
    let { buffer: address, addressAt, addressEnd } = delivery;
    if (delivery.isAddressLong) {
      address = clippedKeys(delivery);
      addressAt = 0;
      addressEnd = address.length;
    }
    const prefixSize = this.#prefixEnd - this.#prefixStart;
    const methodSize = prefixSize - 7 + 9 + addressEnd - addressAt;
    const isOnePiece = bodyLength <= pieceSizeMax && headLength <= pieceSizeMax / 2;
    const isUnchanged = delivery.deliveryCount === 0 && delivery.streamOffset < 0;
    const isPlain = delivery.format === formatNumbers.amqp091 && isUnchanged;
    // Counted against what may be delivered in this turn.
    if (!isPlain) delivery.convertedBytes += headLength * changedHeadWeight;
    const whole = isOnePiece && isPlain && bodyLength <= frameMax - 8;
    const contentSize = 20 + headLength + (bodyLength > 0 ? bodyLength + 8 : 0);
    let at = outbox.claim(8 + methodSize + (whole ? contentSize : 0));
    const to = outbox.bytes;
    copyBytes(to, at, this.#prefix, this.#prefixStart, this.#prefixEnd);
    to[at + 5] = methodSize >>> 8;
    to[at + 6] = methodSize;
    at = writeTag(to, at + prefixSize, tag);
    to[at++] = delivery.redelivered ? 1 : 0;
    at = copyBytes(to, at, address, addressAt, addressEnd);
    to[at++] = frameEnd;
    if (whole) writeContent(to, at, number, delivery);
    else outbox.content(number, frameMax, delivery);
  }

  #trace(delivery: Delivery, own: Delivery): void {
    traceDelivery(this.#channel, this.subscription?.queue.name ?? '', own);
    delivery.convertedBytes += own.headLength * tracedHeadWeight;
  }

  cancelled(): void {
    this.#channel.consumerCancelled(this);
  }
}

/** A byte of a head takes as long as this many of a converted body if the head is changed. */
const changedHeadWeight = 8;

/** The same if all headers are decoded for a traced message. */
const tracedHeadWeight = 32;

/** Shortens exchange and routing key to short strings. */
function clippedKeys(delivery: Delivery): Buffer {
  const texts = [delivery.exchangeName(), delivery.routingKey()];
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = encodeText(clipText(text, shortStringBytesMax));
      return [Buffer.of(bytes.length), bytes];
    }),
  );
}

function writeTag(to: Buffer, at: number, tag: number): number {
  return writeU32(to, writeU32(to, at, Math.floor(tag / 0x1_0000_0000)), tag);
}

/** Writes a header frame and at most one body frame. */
function writeContent(to: Buffer, from: number, channel: number, delivery: Delivery): void {
  const { buffer, headAt, headLength, bodyAt, bodyLength } = delivery;
  let at = from;
  writeFrameHead(to, at, frameTypes.header, channel, 12 + headLength);
  writeContentHead(to, at + 7, bodyLength);
  at = copyBytes(to, at + 19, buffer, headAt, headAt + headLength);
  to[at++] = frameEnd;
  if (bodyLength === 0) return;
  writeFrameHead(to, at, frameTypes.body, channel, bodyLength);
  at = copyBytes(to, at + 7, buffer, bodyAt, bodyAt + bodyLength);
  to[at] = frameEnd;
}
