// Destinations of messages that the broker publishes on its own.

import type { Address } from '../../conversion/properties.ts';
import type { Exchange } from '../../exchanges/exchange.ts';
import type { Route } from '../../exchanges/route-cache.ts';
import type { Publication } from '../../publication.ts';
import type { UnawaitedRules } from '../../publishing/unawaited-rules.ts';
import type { Queue } from '../../queue.ts';
import type { Vhost } from '../../vhost.ts';
import type { Advising } from '../advisories/advising.ts';
import { addressOfCore, queueAddress, topicExchange } from '../core-names.ts';
import type { DeadLetterHost } from '../dead-letter-queue.ts';
import { isQueue } from '../destination.ts';
import type { ActiveMqSettings } from '../policies/destination-policy.ts';
import { temporaryQueueName } from '../temporary-destinations.ts';
import { isTopicQueue } from '../topic-consumers.ts';
import type { TopicFilters } from '../topic-filters.ts';
import type { Mirrors } from '../virtual/mirrors.ts';
import { topicOf } from './delivered-destination.ts';

/** The parts of the destinations that are needed here. */
export interface InternalPublishingHost {
  readonly vhost: Vhost;
  readonly settings: ActiveMqSettings;
  readonly advising: Advising;
  /** Creates a queue that does not exist. @throws {BrokerError} */
  createQueue(name: string): void;
  /** Returns the client id and name of a durable subscription, joined by a colon. */
  subscriptionOf(queue: Queue): string | undefined;
  /** Returns the topics of a subscription. */
  topicsOf(subscription: Queue): Iterable<Address>;
}

/** Scheduled messages that are due, dead letters, and messages of prepared transactions. */
export class InternalPublishing implements UnawaitedRules, DeadLetterHost {
  readonly #host: InternalPublishingHost;
  readonly #filters: TopicFilters;
  readonly #mirrors: Mirrors;

  constructor(host: InternalPublishingHost, filters: TopicFilters, mirrors: Mirrors) {
    this.#host = host;
    this.#filters = filters;
    this.#mirrors = mirrors;
  }

  get settings(): ActiveMqSettings {
    return this.#host.settings;
  }

  get advising(): Advising {
    return this.#host.advising;
  }

  originOf(queue: Queue, exchange: string, routingKey: string): Address {
    if (!isTopicQueue(queue)) return queueAddress(queue.name);
    const sent = addressOfCore(exchange, routingKey);
    return topicOf(this.settings, sent, this.#host.topicsOf(queue));
  }

  subscriptionOf(queue: Queue): string | undefined {
    return this.#host.subscriptionOf(queue);
  }

  place(address: Address): { readonly exchange: Exchange; readonly routingKey: string } {
    const { vhost } = this.#host;
    const { name } = address;
    if (!isQueue(address)) return { exchange: vhost.exchange(topicExchange), routingKey: name };
    if (!vhost.queues.has(name)) this.#host.createQueue(name);
    return { exchange: vhost.exchange(''), routingKey: name };
  }

  prepare(publication: Publication): boolean {
    const { exchange, routingKey } = publication;
    const isQueueMissing = exchange?.name === '' && !this.#host.vhost.queues.has(routingKey);
    // A scheduled message creates its queue, as one that is sent.
    if (isQueueMissing && temporaryQueueName(routingKey) === undefined) {
      this.#host.createQueue(routingKey);
    }
    return false;
  }

  filter(route: Route, publication: Publication): Route {
    if (publication.exchange?.name !== '') return this.#filters.apply(route, publication, []);
    return this.#mirrors.extendUnawaited(route, publication);
  }
}
