// Advisories about destinations and messages, for those who listen.

import type { MessageStore } from '../../../storage/message-store.ts';
import type { Address } from '../../conversion/properties.ts';
import { type Field, textValue } from '../../conversion/value.ts';
import type { Exchange } from '../../exchanges/exchange.ts';
import type { Publication } from '../../publication.ts';
import type { DeathReason, Queue } from '../../queue.ts';
import { Delivery } from '../../subscription.ts';
import type { Consumption } from '../consumption.ts';
import { addressOfCore, queueAddress } from '../core-names.ts';
import { isQueue, isTemporary, isWildcard } from '../destination.ts';
import type { ActiveMqSettings, AdvisoryRules } from '../policies/destination-policy.ts';
import { recoveryQueueName } from '../recovery/retroactive-consumers.ts';
import type { SendTarget } from '../send-target.ts';
import { topicOf } from '../sending/delivered-destination.ts';
import { isTopicQueue } from '../topic-consumers.ts';
import { type AdvisorySink, isAdvisory, type MessageAdvisory } from './advisory-sink.ts';
import { deliveryOf } from './delivery-of.ts';

/** Maximum number of topics that are known to exist. Others begin to exist unnoticed. */
const topicCountMax = 10_000;

/** The use of a topic that is known to exist. */
export class TopicUse {
  /** Number of its uses so far: messages, and consumers or senders that begin. */
  count = 0;
  /** Whether the topic was removed, so that its next use creates it again. */
  isOver = false;
  /** Its uses when it was first found without consumers, and the time, milliseconds since 1970. */
  idle: { readonly count: number; readonly sinceMs: number } | undefined = undefined;
}

/** The operations of the destinations that are needed here. */
export interface AdvisingHost {
  readonly broker: { readonly store: MessageStore };
  readonly settings: ActiveMqSettings;
  readonly topicExchange: Exchange;
  readonly consumptions: Iterable<Consumption>;
  /** Returns the topics of a subscription. */
  topicsOf(subscription: Queue): Iterable<Address>;
}

/** The reason of a removal, and the advisory about it. */
const kinds: Partial<Record<DeathReason, MessageAdvisory>> = {
  expired: 'Expired',
  maxlen: 'MessageDiscarded',
};

/**
 * Decides which advisories are sent. Without a consumer of any advisory topic, an event costs a
 * comparison, and nothing is encoded.
 */
export class Advising {
  /** Undefined without a protocol that encodes advisories, or if they are switched off. */
  sink: AdvisorySink | undefined = undefined;
  /** The topics that have been used, in the order of their first use. */
  readonly topics = new Map<string, TopicUse>();
  /** Whether a protocol has registered producers of a destination. */
  hasProducers: (address: Address) => boolean = () => false;
  readonly #host: AdvisingHost;
  /** The consumers of subscriptions to topics, and how many of their messages were discarded. */
  readonly #consumers = new WeakMap<Queue, { consumption: Consumption; discardedCount: number }>();
  readonly #view = new Delivery();

  constructor(host: AdvisingHost) {
    this.#host = host;
  }

  /** Whether anybody consumes from an advisory topic. */
  get isListenedTo(): boolean {
    if (this.sink === undefined) return false;
    // The messages that topics keep pass through a queue that is bound to all topics.
    const { topicExchange, settings } = this.#host;
    return topicExchange.brokerTopicBindingCount > (settings.keepsForRetroactive ? 1 : 0);
  }

  #rulesOf(address: Address): AdvisoryRules {
    return this.#host.settings.policyOf(address).advisories;
  }

  /** Returns the rules for messages that are sent to a destination; undefined if there are none. */
  rulesFor(address: Address): AdvisoryRules | undefined {
    const rules = this.#rulesOf(address);
    const { ofDelivered, withoutConsumers, ofFastProducers } = rules;
    const areAny = ofDelivered || withoutConsumers || ofFastProducers;
    return areAny && !isAdvisory(address) ? rules : undefined;
  }

  /** A destination begins or ends to exist. */
  destination(address: Address, exists: boolean): void {
    if (isTemporary(address) || isAdvisory(address) || isWildcard(address)) return;
    if (!isQueue(address)) {
      const found = this.topics.get(address.name);
      if (found !== undefined) found.count++;
      if ((found !== undefined) === exists) return;
      if (found !== undefined) {
        found.isOver = true;
        this.topics.delete(address.name);
      } else if (this.topics.size < topicCountMax) this.topics.set(address.name, new TopicUse());
      else return;
    }
    if (this.isListenedTo) this.sink?.destination(address, exists);
  }

  /**
   * A message was stored.
   *
   * @param queues that it was routed to
   */
  sent({ address, rules }: SendTarget, publication: Publication, queues: readonly Queue[]): void {
    if (rules === undefined || !this.isListenedTo) return;
    if (rules.ofDelivered) {
      this.#message('MessageDelivered', address, deliveryOf(publication), rules);
    }
    if (!rules.withoutConsumers || publication.isPersistent) return;
    const isTaken = isQueue(address)
      ? queues.some(({ consumerCount }) => consumerCount > 0)
      : queues.some(({ name }) => name !== recoveryQueueName);
    if (!isTaken) this.sink?.unconsumed(address, publication);
  }

  #message(
    kind: MessageAdvisory,
    address: Address,
    message: Delivery,
    { includeBody }: AdvisoryRules,
    fields: readonly Field[] = [],
  ): void {
    const namesMessage = kind !== 'MessageDLQd';
    const includesBody = includeBody;
    this.sink?.message({ kind, address, message, includesBody, fields, namesMessage });
  }

  /** A subscription to topics has a consumer. */
  opened(queue: Queue, consumption: Consumption): void {
    if (queue.index.isDurable) return;
    this.#consumers.set(queue, { consumption, discardedCount: 0 });
    if (this.isListenedTo) watch(queue);
  }

  /** Somebody consumes from topics: if they are advisory topics, removals are told from now on. */
  *listened(): Generator<void> {
    for (const { sources } of this.#host.consumptions) {
      for (const { queue, isTopic } of sources) if (isTopic && !queue.index.isDurable) watch(queue);
      yield;
    }
  }

  /** A queue removes a message because it has expired or exceeds a limit. */
  removed(queue: Queue, view: Delivery, reason: DeathReason, address: Address): void {
    const kind = kinds[reason];
    if (kind === undefined || !this.isListenedTo || isAdvisory(address)) return;
    const rules = this.#rulesOf(address);
    if (kind === 'Expired') this.#message(kind, address, view, rules);
    else if (rules.ofDiscarded) {
      this.#message(kind, address, view, rules, this.#discardedFields(queue));
    }
  }

  #discardedFields(queue: Queue): readonly Field[] {
    const found = this.#consumers.get(queue);
    if (found === undefined) return [];
    found.discardedCount++;
    const id = this.sink?.consumerIdOf(found.consumption);
    const count: Field = ['discardedCount', { type: 'int', value: found.discardedCount }];
    return id === undefined ? [count] : [['consumerId', textValue(id)], count];
  }

  /** A message becomes a dead letter. */
  deadLettered(address: Address, letter: Publication): void {
    if (!this.isListenedTo) return;
    this.#message('MessageDLQd', address, deliveryOf(letter), this.#rulesOf(address));
  }

  /** Tells when consumers accept the messages of a queue, if its policy says so. */
  adopt(queue: Queue, { advisories }: { readonly advisories: AdvisoryRules }): void {
    queue.onAccepted = advisories.ofConsumed
      ? (sequence) => this.#consumed(queue, sequence, advisories)
      : undefined;
  }

  /** There is no advisory about a message that is no longer in memory: reading it takes too long. */
  #consumed(queue: Queue, sequence: number, rules: AdvisoryRules): void {
    if (!this.isListenedTo) return;
    const view = this.#view;
    if (!this.#host.broker.store.view(queue.index, sequence, view)) return;
    const { settings } = this.#host;
    const sent = addressOfCore(view.exchangeName(), view.routingKey());
    const address = isTopicQueue(queue)
      ? topicOf(settings, sent, this.#host.topicsOf(queue))
      : queueAddress(queue.name);
    if (!isAdvisory(address)) this.#message('MessageConsumed', address, view, rules);
  }

  /** A consumer has become slow. */
  slowConsumer(address: Address, consumption: Consumption): void {
    if (!this.isListenedTo || isAdvisory(address)) return;
    if (this.#rulesOf(address).ofSlowConsumers) this.sink?.slowConsumer(address, consumption);
  }

  /** A producer must wait because the memory of a destination is full. */
  fastProducer({ address, rules }: SendTarget, producer: unknown): void {
    if (rules?.ofFastProducers === true && this.isListenedTo) {
      this.sink?.fastProducer(address, producer);
    }
  }

  /** The memory of a destination is full. */
  full(address: Address, usage: string, usedBytes: number): void {
    if (!this.isListenedTo || isAdvisory(address)) return;
    if (this.#rulesOf(address).whenFull) this.sink?.full(address, usage, usedBytes);
  }
}

/** Makes the removal of messages from a subscription be told to its rules for dead letters. */
function watch(queue: Queue): void {
  const { settings } = queue;
  if (!isTopicQueue(queue) || settings.deadLetterExchange !== undefined) return;
  queue.applySettings({ ...settings, deadLetterExchange: '' });
}
