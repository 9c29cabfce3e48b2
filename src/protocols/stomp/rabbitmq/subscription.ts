// Subscriptions of STOMP clients.

import { encodeText } from '../../../base/byte-text.ts';
import { converted } from '../../../broker/conversion/converted.ts';
import { formatNumbers, hasHiddenHeaders, plainFormatNumber } from '../../../broker/format.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Consumer, Delivery, Subscription } from '../../../broker/subscription.ts';
import { amqp091Format } from '../../amqp091/format.ts';
import { escapeHeader } from '../codec/header-text.ts';
import { headerLine } from '../codec/out-frames.ts';
import { clientLimits } from '../limits.ts';
import { destinationText } from './destinations.ts';
import type { RabbitMqConnection } from './dialect.ts';
import { errorFrame, escapes, RabbitMqError } from './errors.ts';
import { headLines } from './message-head.ts';
import { plainHeadMax, writePlainLines } from './plain-heads.ts';

/** The acknowledgement mode. */
export type AckMode = 'auto' | 'client' | 'client-individual';

/** What identifies and describes a subscription. */
export interface SubscriptionTerms {
  /** `T_` and the id, or `Q_` and the destination if the client gave no id. */
  readonly tag: string;
  /** Undefined if the client gave none. */
  readonly id: string | undefined;
  /** `id='1'` or `destination='/queue/a'`, for errors. */
  readonly description: string;
  readonly ackMode: AckMode;
  /** Whether the destination is a topic, whose durable queue UNSUBSCRIBE can delete. */
  readonly isTopic: boolean;
  /** The name of the queue for replies that the client has not subscribed to. */
  readonly replyName?: string;
}

/** The largest head whose lines are kept for the next message with the same head, in bytes. */
const keptHeadMax = 2048;

/** A byte of a head takes as long as this many of a converted body if its properties are decoded. */
const headByteWeight = 16;

const lf = Buffer.from('\n');
const end = Buffer.from('\0\n');
const none: Buffer = Buffer.alloc(0);

/** The longest header `ack` without its number that is written without encoding text. */
const ackStartMax = 1024;
const redelivered = Buffer.from('\nredelivered:true\n');
const notRedelivered = Buffer.from('\nredelivered:false\n');
const contentLength = Buffer.from('content-length:');
/** Room for the headers `ack` and of the message, and some numbers. */
const scratch = Buffer.alloc(ackStartMax + plainHeadMax + 256);

/** Copies bytes, and returns the position after them. */
function copyInto(to: Buffer, at: number, from: Buffer): number {
  for (let i = 0; i < from.length; i++) to[at + i] = from[i] ?? 0;
  return at + from.length;
}

/** Writes a whole number, and returns the position after it. */
function writeNumber(to: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let p = at + digits - 1; p >= at; p--) {
    to[p] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}

/** A subscription: writes MESSAGE frames. */
export class RabbitMqSubscription implements Consumer {
  readonly terms: SubscriptionTerms;
  readonly queue: Queue;
  /** Nothing is delivered until the RECEIPT has been written. */
  isHeld = true;
  /** Whether the client has ended it, or its queue was deleted. Deliveries may still be unsettled. */
  isOver = false;
  readonly #own: RabbitMqConnection;
  #subscription: Subscription | undefined = undefined;
  /** The exchange and routing key of the last delivery, and the first lines for them. */
  #address: Buffer = none;
  #start: Buffer = none;
  /** The head of the last delivery, and its lines. */
  #head: Buffer = none;
  #lines = '';
  /** The header `ack` up to the number of the delivery; empty before the first one. */
  #ackStart: Buffer = none;

  constructor(own: RabbitMqConnection, queue: Queue, terms: SubscriptionTerms) {
    this.#own = own;
    this.queue = queue;
    this.terms = terms;
  }

  get isSettled(): boolean {
    return this.terms.ackMode === 'auto';
  }

  get subscription(): Subscription {
    return this.#subscription as Subscription; // set by Subscriptions.add before any delivery
  }

  set subscription(subscription: Subscription) {
    this.#subscription = subscription;
  }

  /** Whether it receives messages, or waits for the single active consumer. */
  get isActive(): boolean {
    return !this.queue.settings.isSingleActive || this.#subscription?.isChosen === true;
  }

  get isWritable(): boolean {
    return !this.isHeld && !this.isOver && this.#own.host.takesDeliveries;
  }

  /** Starts deliveries after the RECEIPT has been written. */
  begin(): void {
    this.isHeld = false;
    this.wake();
  }

  /** Deliveries are possible again. */
  wake(): void {
    if (!this.isOver) this.#subscription?.wake();
  }

  /** Stops deliveries. */
  stop(): void {
    this.isOver = true;
    this.#subscription?.stop();
  }

  deliver(delivery: Delivery): void {
    try {
      this.#write(this.#asOwn(delivery), delivery);
    } catch (thrown) {
      this.#own.host.deliveryFailed(thrown);
    }
  }

  prepare(delivery: Delivery): Promise<void> | undefined {
    if (plainFormatNumber(delivery.format) === formatNumbers.amqp091) return undefined;
    return this.#own.broker.conversions.prepare(delivery, amqp091Format, clientLimits.headBytesMax);
  }

  /** Converts a message of another protocol to AMQP 0-9-1, as RabbitMQ does. */
  #asOwn(delivery: Delivery): Delivery {
    if (plainFormatNumber(delivery.format) === formatNumbers.amqp091) return delivery;
    const format = this.#own.broker.formatOf(delivery.format);
    return converted(delivery, format, amqp091Format, clientLimits.headBytesMax);
  }

  #write(own: Delivery, delivery: Delivery): void {
    const { outbox } = this.#own.host;
    const { subscriptions } = this.#own;
    const number = this.isSettled
      ? subscriptions.nextTag()
      : subscriptions.addFlight(this, delivery.deliveryNumber);
    const start = this.#startOf(own);
    const { buffer, bodyAt, bodyLength } = own;
    outbox.append(start, 0, start.length);
    const headEnd = this.#writePlain(own, delivery, number);
    if (headEnd >= 0) outbox.append(scratch, 0, headEnd);
    else {
      const lines = encodeText(this.#textOf(own, delivery, number));
      outbox.append(lines, 0, lines.length);
      outbox.append(lf, 0, 1);
    }
    outbox.appendBody(buffer, bodyAt, bodyAt + bodyLength);
    outbox.append(end, 0, end.length);
  }

  get #statesAck(): boolean {
    return !this.isSettled && this.#own.host.version === '1.2';
  }

  /**
   * Writes the rest of the head, with the empty line, without decoding the properties.
   *
   * @returns its end in the scratch buffer; -1 if the properties must be decoded
   */
  #writePlain(own: Delivery, delivery: Delivery, number: number): number {
    const { buffer, headAt, headLength, bodyLength } = own;
    const isPlain = own.deliveryCount === 0 && own.streamOffset < 0;
    if (!isPlain || headLength > plainHeadMax || (own.format & hasHiddenHeaders) !== 0) return -1;
    let at = writeNumber(scratch, 0, number);
    at = copyInto(scratch, at, delivery.redelivered ? redelivered : notRedelivered);
    if (this.#statesAck) {
      if (this.#ackStart.length === 0) this.#ackStart = encodeText(`ack:${this.#ackName('')}`);
      if (this.#ackStart.length > ackStartMax) return -1;
      at = writeNumber(scratch, copyInto(scratch, at, this.#ackStart), number);
      scratch[at++] = 0x0a;
    }
    at = writePlainLines(scratch, at, buffer, headAt, headAt + headLength);
    if (at < 0) return -1;
    // Counted against what may be delivered in this turn.
    delivery.convertedBytes += headLength;
    if (bodyLength > 0) {
      at = writeNumber(scratch, copyInto(scratch, at, contentLength), bodyLength);
      scratch[at++] = 0x0a;
    }
    scratch[at++] = 0x0a;
    return at;
  }

  #ackName(number: number | ''): string {
    return escapeHeader(`${this.terms.tag}@@${this.#own.session}@@${number}`);
  }

  /** The rest of the head, up to the empty line. */
  #textOf(own: Delivery, delivery: Delivery, number: number): string {
    let text = `${number}\nredelivered:${delivery.redelivered}\n`;
    if (this.#statesAck) text += `ack:${this.#ackName(number)}\n`;
    text += this.#linesOf(own, delivery);
    return own.bodyLength > 0 ? `${text}content-length:${own.bodyLength}\n` : text;
  }

  /** The lines up to the delivery tag in the message id. */
  #startOf(delivery: Delivery): Buffer {
    const { buffer, addressAt, addressEnd } = delivery;
    const isKnown =
      this.#address.length === addressEnd - addressAt &&
      this.#address.compare(buffer, addressAt, addressEnd) === 0;
    if (isKnown && this.#start.length > 0) return this.#start;
    const { id, tag } = this.terms;
    const destination = destinationText(delivery.exchangeName(), delivery.routingKey());
    let text = 'MESSAGE\n';
    if (id !== undefined) text += headerLine('subscription', id, escapes);
    text += headerLine('destination', destination, escapes);
    text += `message-id:${escapeHeader(`${tag}@@${this.#own.session}@@`)}`;
    this.#address = Buffer.from(buffer.subarray(addressAt, addressEnd));
    this.#start = encodeText(text);
    return this.#start;
  }

  /** The lines of the message's properties and headers. */
  #linesOf(own: Delivery, delivery: Delivery): string {
    const { buffer, headAt, headLength } = own;
    const isPlain = own.deliveryCount === 0 && own.streamOffset < 0;
    const isKnown =
      isPlain &&
      headLength === this.#head.length &&
      this.#head.compare(buffer, headAt, headAt + headLength) === 0;
    if (isKnown) return this.#lines;
    const lines = headLines(own);
    // Counted against what may be delivered in this turn.
    delivery.convertedBytes += headLength * headByteWeight;
    if (isPlain && headLength <= keptHeadMax) {
      this.#head = Buffer.from(buffer.subarray(headAt, headAt + headLength));
      this.#lines = lines;
    }
    return lines;
  }

  /** The queue was deleted. */
  cancelled(): void {
    if (this.isOver) return;
    this.isOver = true;
    const { tag, description, replyName } = this.terms;
    const { subscriptions, declared, host } = this.#own;
    if (replyName !== undefined) declared.forgetReply(replyName);
    subscriptions.remove(this);
    const body = `The server has canceled a subscription.\nNo more messages will be delivered for "${description}".\n`;
    const error = new RabbitMqError('invalid', 'Server cancelled subscription', body, {
      subscription: tag.slice(2),
    });
    host.answers.say(0, errorFrame(error, undefined));
    host.requestFlush();
  }
}
