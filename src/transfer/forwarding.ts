// Forwarding of messages from a queue of one broker to another broker. A message is acknowledged at its
// source after the destination has confirmed it, so that none is lost if either side fails.

import type { AckMode } from '../broker/rabbitmq/shovels/shovel-definition.ts';
import type { ChannelEvents, ClientChannel, Delivered, Outgoing } from './amqp/channel.ts';
import type { TransferError } from './errors.ts';

/** Bytes of bodies that wait for their confirm, above which the source is not read. */
const waitingBytesMax = 8 * 1024 * 1024;

/** Body bytes that wait in all forwardings of a process. */
export interface WaitingBytes {
  bytes: number;
  readonly bytesMax: number;
}

/** The ends of a forwarding, and its rules. */
export interface ForwardingOptions {
  readonly source: ClientChannel;
  readonly destination: ClientChannel;
  readonly ackMode: AckMode;
  /** Maximum number of messages; Infinity for no limit. */
  readonly countMax: number;
  readonly waiting: WaitingBytes;
  /** Returns what is published for a message. */
  readonly outgoing: (message: Delivered) => Outgoing;
  readonly events: ForwardingEvents;
}

/** Events of a forwarding. After `ended` or `completed`, there are no further ones. */
export interface ForwardingEvents {
  /** A message has arrived at its destination, and its acknowledgement was sent. */
  moved(bodyBytes: number, isRedelivered: boolean): void;
  /** The destination could not take a message, which was put back into its queue. */
  refused(): void;
  /** The maximum number of messages has been moved. */
  completed(): void;
  /** One of the ends has failed. */
  ended(side: 'source' | 'destination', reason: string): void;
}

/** A message that waits for its confirm. */
interface Waiting {
  readonly publishTag: number;
  readonly deliveryTag: number;
  readonly bodyBytes: number;
  readonly isRedelivered: boolean;
  state: 'waiting' | 'confirmed' | 'refused';
}

/** Forwards the messages of a consumer on the source channel. Must be created before the consumer. */
export class Forwarding {
  readonly #options: ForwardingOptions;
  /** In the order of their publish tags, from `#first`. */
  #waiting: Waiting[] = [];
  #first = 0;
  #waitingBytes = 0;
  /** Messages that may still be published. */
  #toTake: number;
  /** Messages that must still arrive. */
  #toMove: number;
  #isOver = false;
  #waitsForWrite = false;

  constructor(options: ForwardingOptions) {
    this.#options = options;
    this.#toTake = options.countMax;
    this.#toMove = options.countMax;
    options.source.events = this.#sourceEvents();
    options.destination.events = this.#destinationEvents();
  }

  /** The number of messages that wait for a confirm. */
  get waitingCount(): number {
    return this.#waiting.length - this.#first;
  }

  /** Takes no further messages; those that wait are still completed. */
  drain(): void {
    this.#toTake = 0;
    this.#toMove = Math.min(this.#toMove, this.waitingCount);
    if (this.#toMove === 0) this.#complete();
  }

  /** Ends without waiting for confirms. Messages without one remain at the source. */
  stop(): void {
    this.#isOver = true;
    this.#options.waiting.bytes -= this.#waitingBytes;
    this.#waitingBytes = 0;
    this.#options.source.client.resume(this);
  }

  #sourceEvents(): ChannelEvents {
    return {
      delivered: (message) => this.#delivered(message),
      confirmed: () => {},
      refused: () => {},
      returned: () => {},
      cancelled: () => this.#end('source', 'the consumer was cancelled: the queue was deleted'),
      ended: (reason) => this.#end('source', textOf(reason)),
    };
  }

  #destinationEvents(): ChannelEvents {
    return {
      delivered: () => {},
      confirmed: (tag, isMultiple) => this.#settled(tag, isMultiple, 'confirmed'),
      refused: (tag, isMultiple) => this.#settled(tag, isMultiple, 'refused'),
      returned: (reason) => this.#end('destination', `a message reached no queue: ${reason}`),
      cancelled: () => {},
      ended: (reason) => this.#end('destination', textOf(reason)),
    };
  }

  #delivered(message: Delivered): void {
    // Not acknowledged, so it stays at the source.
    if (this.#isOver || this.#toTake === 0) return;
    this.#toTake--;
    const { source, destination, ackMode, outgoing, waiting } = this.#options;
    const publishTag = destination.publish(outgoing(message));
    if (ackMode === 'on-confirm') {
      const { deliveryTag, bodyBytes, isRedelivered } = message;
      this.#waiting.push({ publishTag, deliveryTag, bodyBytes, isRedelivered, state: 'waiting' });
      this.#waitingBytes += bodyBytes;
      waiting.bytes += bodyBytes;
    } else {
      if (ackMode === 'on-publish') source.ack(message.deliveryTag, false);
      this.#moved(message.bodyBytes, message.isRedelivered);
    }
    this.#pace();
  }

  /** Stops reading the source while the destination is behind. */
  #pace(): void {
    const { source, destination } = this.#options;
    if (this.#isOver) return;
    const isFull = this.#isFull;
    if (!isFull && destination.client.isWritable) {
      source.client.resume(this);
      return;
    }
    source.client.pause(this);
    if (isFull || this.#waitsForWrite) return;
    this.#waitsForWrite = true;
    destination.client.writableAgain(() => {
      this.#waitsForWrite = false;
      this.#pace();
    });
  }

  /** Whether too much waits. A message that waits alone always may. */
  get #isFull(): boolean {
    if (this.waitingCount < 1) return false;
    const { bytes, bytesMax } = this.#options.waiting;
    return this.#waitingBytes > waitingBytesMax || bytes > bytesMax;
  }

  #settled(tag: number, isMultiple: boolean, state: 'confirmed' | 'refused'): void {
    if (this.#isOver) return;
    const list = this.#waiting;
    // Confirms usually come in order, so the search is short.
    for (let at = this.#first; at < list.length; at++) {
      const entry = list[at] as Waiting; // at is in range
      if (entry.publishTag > tag) break;
      if (isMultiple || entry.publishTag === tag) {
        if (entry.state === 'waiting') entry.state = state;
      }
      if (!isMultiple && entry.publishTag === tag) break;
    }
    this.#settleFirst();
    this.#pace();
  }

  /** Acknowledges the longest run of confirmed messages at the front. */
  #settleFirst(): void {
    const { source } = this.#options;
    let run: Waiting[] = [];
    const acknowledge = () => {
      const last = run.at(-1);
      if (last !== undefined) source.ack(last.deliveryTag, run.length > 1);
      const moved = run;
      run = [];
      for (const { bodyBytes, isRedelivered } of moved) this.#moved(bodyBytes, isRedelivered);
    };
    for (;;) {
      const entry = this.#waiting[this.#first];
      if (entry === undefined || entry.state === 'waiting') break;
      this.#first++;
      this.#waitingBytes -= entry.bodyBytes;
      this.#options.waiting.bytes -= entry.bodyBytes;
      if (entry.state === 'confirmed') {
        run.push(entry);
        continue;
      }
      acknowledge();
      source.requeue(entry.deliveryTag);
      this.#toTake++;
      this.#options.events.refused();
    }
    if (this.#first > 1024 || this.#first === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    acknowledge();
  }

  #moved(bodyBytes: number, isRedelivered: boolean): void {
    this.#options.events.moved(bodyBytes, isRedelivered);
    this.#toMove--;
    if (this.#toMove <= 0) this.#complete();
  }

  #complete(): void {
    if (this.#isOver) return;
    this.stop();
    this.#options.events.completed();
  }

  #end(side: 'source' | 'destination', reason: string): void {
    if (this.#isOver) return;
    this.stop();
    this.#options.events.ended(side, reason);
  }
}

function textOf(reason: TransferError): string {
  return reason.message;
}
