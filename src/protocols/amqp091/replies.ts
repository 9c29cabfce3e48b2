// Direct reply-to.

import type { Publication } from '../../broker/publication.ts';
import type { Channel } from './channel.ts';
import { methodIds } from './codec/methods.gen.ts';
import type { ChannelConsumer } from './consumer.ts';
import { AmqpError } from './errors.ts';
import { answerBytes } from './peer-account.ts';
import { replyTo } from './special-names.ts';

/** Channels that wait for replies without a queue, by address. */
export class ReplyChannels {
  readonly #channels = new Map<string, ReplyConsumer>();
  readonly #randomName: () => string;

  /** @param randomName returns an unguessable name */
  constructor(randomName: () => string) {
    this.#randomName = randomName;
  }

  /** Registers a channel for replies, and returns its unguessable address. */
  add(consumer: ReplyConsumer): string {
    const address = `${replyTo}.${this.#randomName()}`;
    this.#channels.set(address, consumer);
    return address;
  }

  remove(address: string): void {
    this.#channels.delete(address);
  }

  /** The consumer of an address; undefined if it has ended. */
  get(address: string): ReplyConsumer | undefined {
    return this.#channels.get(address);
  }
}

/** A channel's consumer of `amq.rabbitmq.reply-to`, if there is one. */
export class ReplyConsumer {
  /** The reply address of the channel while it consumes. */
  address: string | undefined = undefined;
  readonly #channel: Channel;
  #consumer: ChannelConsumer | undefined = undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * @throws {AmqpError} 'precondition-failed' if the consumer acknowledges, or is the second one
   */
  consume(consumer: ChannelConsumer): void {
    if (!consumer.isSettled) {
      throw new AmqpError('precondition-failed', 'reply consumer cannot acknowledge');
    }
    if (this.address !== undefined) {
      throw new AmqpError('precondition-failed', 'reply consumer already set');
    }
    this.#consumer = consumer;
    this.address = this.#channel.host.shared.replies.add(this);
  }

  /** Ends the given consumer, or any. */
  stop(consumer?: ChannelConsumer): void {
    if (this.address === undefined) return;
    if (consumer !== undefined && consumer !== this.#consumer) return;
    this.#channel.host.shared.replies.remove(this.address);
    this.address = undefined;
    this.#consumer = undefined;
  }

  /** @returns false if the channel's peer is too far behind */
  deliver(publication: Publication): boolean {
    const { host, answers } = this.#channel;
    const consumerTag = this.#consumer?.tag;
    if (consumerTag === undefined || !host.account.hasRoom) return false;
    const kept = answers.isHolding ? publication.copy() : publication;
    const bytes = answerBytes + publication.sizeBytes;
    answers.inOrder(() => this.#write(consumerTag, kept), bytes);
    return true;
  }

  #write(consumerTag: string, publication: Publication): void {
    const { outbox, number, frameMax, tags } = this.#channel;
    outbox.method(number, {
      id: methodIds.basicDeliver,
      consumerTag,
      deliveryTag: tags.nextSettled(),
      redelivered: false,
      exchange: '',
      routingKey: publication.routingKey,
    });
    outbox.publication(number, frameMax, publication);
  }
}
