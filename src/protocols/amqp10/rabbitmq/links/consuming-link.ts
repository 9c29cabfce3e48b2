// Links on which the messages of a queue are sent to the peer.

import { converted } from '../../../../broker/conversion/converted.ts';
import { formatNumbers, plainFormatNumber } from '../../../../broker/format.ts';
import type { Queue } from '../../../../broker/queue.ts';
import type { StreamStart } from '../../../../broker/streams/stream-start.ts';
import type { Consumer, Delivery, Subscription } from '../../../../broker/subscription.ts';
import type { Attach } from '../../codec/performatives.gen.ts';
import { AmqpError } from '../../errors.ts';
import { headBytesMax } from '../../limits.ts';
import type { DeliverySource } from '../../links/flight.ts';
import type { DynamicNode } from '../../links/link.ts';
import { SendingLink } from '../../links/sending-link.ts';
import type { HeadWriter } from '../../messages/head-writer.ts';
import type { Session } from '../../session.ts';
import { rabbitMqFormat } from '../conversion/format.ts';
import { DeliveredHead } from './delivered-head.ts';

/** The settings of a link that its attach determines. */
export interface ConsumingTerms {
  readonly dynamic: DynamicNode | undefined;
  readonly isSettled: boolean;
  /** Consumers with a higher priority are served first. */
  readonly priority: number;
  /** Where a link from a stream begins; undefined for other queues. */
  readonly stream: StreamStart | undefined;
}

/** A link on which the messages of a queue are sent to the peer. */
export class ConsumingLink extends SendingLink implements Consumer, DeliverySource {
  override readonly heads: HeadWriter = new DeliveredHead();
  readonly queue: Queue;
  readonly isTopic = false;
  readonly priority: number;
  /** Maximum size of a message that the peer accepts, bytes; Infinity for any. */
  readonly bytesMax: number;
  readonly #stream: StreamStart | undefined;
  #subscription: Subscription | undefined = undefined;

  constructor(session: Session, attach: Attach, queue: Queue, terms: ConsumingTerms) {
    const { dynamic, isSettled, priority, stream } = terms;
    super(session, attach, { dynamic, isSettled, defaultOutcome: undefined });
    this.queue = queue;
    this.priority = priority;
    this.#stream = stream;
    this.bytesMax = Number(attach.maxMessageSize ?? 0n) || Infinity;
  }

  /** @throws {BrokerError} `resource-locked`, `access-refused` because of an exclusive consumer */
  subscribe(): void {
    const { host } = this.session;
    this.#subscription = this.queue.subscribe(this, {
      settled: this.isSettled,
      exclusive: false,
      priority: this.priority,
      // The credit of the link is the window.
      prefetch: host.broker.limits.unsettledCountMax,
      pool: undefined,
      owner: host,
      stream: this.#stream,
    });
  }

  get subscription(): Subscription {
    return this.#subscription as Subscription; // set by subscribe() before
  }

  /** Whether it receives messages, or waits for the single active consumer. */
  get isActive(): boolean {
    return !this.queue.settings.isSingleActive || this.#subscription?.isChosen === true;
  }

  protected override get sources(): Iterable<DeliverySource> {
    return this.#subscription === undefined ? [] : [this];
  }

  protected override get availableCount(): number {
    return this.queue.readyCount;
  }

  override wake(): void {
    this.#subscription?.wake();
  }

  deliver(delivery: Delivery): void {
    this.send(delivery, this, this);
  }

  prepare(delivery: Delivery): Promise<void> | undefined {
    if (plainFormatNumber(delivery.format) === formatNumbers.amqp10) return undefined;
    const { conversions } = this.session.host.broker;
    return conversions.prepare(delivery, rabbitMqFormat, headBytesMax);
  }

  override asOwn(delivery: Delivery): Delivery {
    if (plainFormatNumber(delivery.format) === formatNumbers.amqp10) return delivery;
    const { broker } = this.session.host;
    const from = broker.formatOf(delivery.format);
    return converted(delivery, from, rabbitMqFormat, headBytesMax);
  }

  /** The queue was deleted. */
  cancelled(reason: string): void {
    this.fail(new AmqpError('resource-deleted', reason, { scope: 'link' }));
  }

  protected override stop(): void {
    // It stays a consumer without deliveries until everything is requeued: `isWritable` is false.
  }

  protected override *releaseSources(): Generator<void> {
    this.#subscription?.close('released');
    yield;
  }
}
