// Links on which messages of ActiveMQ's destinations are sent to the peer.

import type { Browse, Browser } from '../../../broker/activemq/browse.ts';
import type { Consumption, MessageTaker, Source } from '../../../broker/activemq/consumption.ts';
import {
  type DeliveredFrom,
  deliveredDestination,
} from '../../../broker/activemq/sending/delivered-destination.ts';
import { converted } from '../../../broker/conversion/converted.ts';
import type { TargetFormat } from '../../../broker/conversion/target-format.ts';
import { formatNumbers } from '../../../broker/format.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import type { SubscriptionKey } from '../../../broker/topics/topic-subscriptions.ts';
import { type Attach, compositeCodes } from '../codec/performatives.gen.ts';
import { AmqpError } from '../errors.ts';
import { formatWithDestination } from '../format.ts';
import { headBytesMax } from '../limits.ts';
import type { DynamicNode, Ending } from '../links/link.ts';
import { SendingLink } from '../links/sending-link.ts';
import { headerWriter } from '../messages/head-writer.ts';
import { outcomeOf } from '../outcomes.ts';
import type { Session } from '../session.ts';
import type { ActiveMqConnection } from './dialect.ts';

/** Where the messages of a link come from. */
type Supply = { readonly consumption: Consumption } | { readonly browse: Browse };

/** The settings of a link that its source determines. */
interface ConsumingTerms {
  readonly dynamic: DynamicNode | undefined;
  /** The durable subscription. */
  readonly key: SubscriptionKey | undefined;
  /** Whether other links may consume from the same subscription. */
  readonly isShared: boolean;
  /** Deliveries are settled when they are sent. */
  readonly isSettled: boolean;
}

/** A link on which messages are sent to the peer. */
export class ConsumingLink extends SendingLink implements MessageTaker, Browser {
  override readonly heads = headerWriter;
  readonly #own: ActiveMqConnection;
  readonly #key: SubscriptionKey | undefined;
  readonly #isShared: boolean;
  #consumption: Consumption | undefined = undefined;
  /** Replaces the consumption if this is a browser. */
  #browse: Browse | undefined = undefined;

  constructor(own: ActiveMqConnection, session: Session, attach: Attach, terms: ConsumingTerms) {
    const source = attach.source?.code === compositeCodes.source ? attach.source : undefined;
    super(session, attach, { ...terms, defaultOutcome: outcomeOf(source?.defaultOutcome) });
    this.#own = own;
    this.#key = terms.key;
    this.#isShared = terms.isShared;
  }

  /** Sets where the messages come from. */
  supply(from: Supply): void {
    if ('browse' in from) this.#browse = from.browse;
    else this.#consumption = from.consumption;
  }

  override get isDurable(): boolean {
    return this.#key !== undefined;
  }

  protected override get sources(): Iterable<Source> | undefined {
    return this.#consumption?.sources;
  }

  override wake(): void {
    this.#consumption?.wake();
    this.#browse?.wake();
  }

  browsed(delivery: Delivery, queue: Queue): void {
    this.send(delivery, { queue, isTopic: false }, undefined);
  }

  browsedAll(): void {
    this.readAll();
  }

  deliver(delivery: Delivery, source: Source): void {
    this.send(delivery, source, source);
  }

  /** Converts a message of another protocol, and adds the destination for clients of JMS. */
  override asOwn(delivery: Delivery, source: DeliveredFrom): Delivery {
    if (delivery.format === formatNumbers.amqp10) return delivery;
    const { broker } = this.#own.core;
    const from = broker.formatOf(delivery.format);
    return converted(delivery, from, this.#formatFor(delivery, source), headBytesMax);
  }

  prepare(delivery: Delivery, source: DeliveredFrom): Promise<void> | undefined {
    if (delivery.format === formatNumbers.amqp10) return undefined;
    const { conversions } = this.#own.core.broker;
    return conversions.prepare(delivery, this.#formatFor(delivery, source), headBytesMax);
  }

  prepareBrowsed(delivery: Delivery, queue: Queue): Promise<void> | undefined {
    return this.prepare(delivery, { queue, isTopic: false });
  }

  #formatFor(delivery: Delivery, source: DeliveredFrom): TargetFormat {
    return formatWithDestination(deliveredDestination(this.#own.core, source, delivery));
  }

  /** All destinations have been deleted. */
  ended(reason: string): void {
    this.fail(new AmqpError('resource-deleted', reason, { scope: 'link' }));
  }

  protected override stop(): void {
    this.#browse?.end();
    this.#consumption?.end();
  }

  protected override releaseSources(): Iterable<void> {
    return this.#consumption === undefined ? [] : this.#own.core.release(this.#consumption);
  }

  override closed(ending: Ending): void {
    const key = this.#key;
    const { core, access } = this.#own;
    if (key !== undefined && ending === 'closed') {
      const found = this.#isShared ? core.durableSubscription(key, access) : undefined;
      // Other consumers keep a shared subscription.
      if ((found?.consumerCount ?? 0) === 0) core.unsubscribe(key, access);
    }
    super.closed(ending);
  }
}
