// ActiveMQ's topics, for MQTT.

import type { ActiveMq } from '../../../broker/activemq/activemq.ts';
import { addressOfCore } from '../../../broker/activemq/core-names.ts';
import type { Usage } from '../../../broker/activemq/limits/usage.ts';
import type { SendTarget } from '../../../broker/activemq/send-target.ts';
import { noArguments } from '../../../broker/arguments.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { BrokerError } from '../../../broker/errors.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import type { MessageFormat } from '../../../broker/format.ts';
import { activemqAlphabet, type Pattern, parsePattern } from '../../../broker/patterns/alphabet.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import type { Access } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import { startsWithWildcard } from '../address.ts';
import type { Requested, Terms, TopicTarget, VhostDialect } from '../dialect.ts';
import { mqttFormat } from '../format.ts';
import type { SessionQueues } from '../sessions/session-queues.ts';
import { exchangeNames, isReservedTopic, topicAddress } from './address.ts';
import { ActiveMqSessionQueues } from './session-queues.ts';

/** A topic of ActiveMQ. */
class ActiveMqTarget implements TopicTarget {
  readonly #activeMq: ActiveMq;
  readonly #target: SendTarget;

  constructor(activeMq: ActiveMq, target: SendTarget) {
    this.#activeMq = activeMq;
    this.#target = target;
  }

  get address(): Address {
    return this.#target.address;
  }

  get routeUnits(): number {
    return this.#activeMq.routeUnits;
  }

  route(publication: Publication, access: Access, origins: readonly unknown[]): Route {
    return this.#activeMq.route(this.#target, publication, access, origins);
  }

  stored(publication: Publication, route: Route): Usage | undefined {
    return this.#activeMq.sends.stored(this.#target, publication, route);
  }
}

/** ActiveMQ's topics and rights. The broker has one virtual host. */
export class ActiveMqVhost implements VhostDialect {
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly terms: Terms;
  readonly format: MessageFormat = mqttFormat;
  readonly queues: SessionQueues;
  readonly #activeMq: ActiveMq;

  constructor(activeMq: ActiveMq, terms: Terms) {
    this.#activeMq = activeMq;
    this.broker = activeMq.broker;
    this.vhost = activeMq.vhost;
    this.terms = terms;
    this.queues = new ActiveMqSessionQueues(this);
  }

  /** Topics that begin with `$` are those of the server. */
  isIgnored(topic: string): boolean {
    return topic.startsWith('$');
  }

  target(topic: string): TopicTarget {
    const target = this.#activeMq.sendTarget(topicAddress(topic));
    return new ActiveMqTarget(this.#activeMq, target);
  }

  requireSubscription({ filter }: Requested, access: Access): void {
    this.#activeMq.checks.requireConsumption([topicAddress(filter)], access, this);
  }

  get hasRights(): boolean {
    return this.#activeMq.rights.areRestricted;
  }

  mayRead(filter: string, access: Access): boolean {
    try {
      this.#activeMq.rights.require(access, 'read', topicAddress(filter));
      return true;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      return false;
    }
  }

  /** The filters of the session decide, which were checked. */
  requireSession(): void {}

  mayDisconnect(): boolean {
    return false;
  }

  bind(queue: Queue, filter: string): void {
    this.vhost.bind(this.#activeMq.topicExchange, queue, exchangeNames(filter), noArguments);
  }

  unbind(queue: Queue, filter: string): void {
    this.vhost.unbind(this.#activeMq.topicExchange, queue, exchangeNames(filter), noArguments);
  }

  nameOf(delivery: Delivery, isWanted?: (name: string) => boolean): string {
    const sent = addressOfCore(delivery.exchangeName(), delivery.routingKey());
    const topics = this.#activeMq.settings.topicsOf(sent);
    const [first = sent] = topics;
    if (topics.length < 2 || isWanted === undefined) return first.name;
    return (topics.find(({ name }) => isWanted(name)) ?? first).name;
  }

  topicOf(name: string): string {
    return exchangeNames(name);
  }

  isReserved(topic: string): boolean {
    return isReservedTopic(topic);
  }

  /** All subscriptions of MQTT are retroactive, as in ActiveMQ. */
  recovery(filter: string): Iterator<Publication | undefined> | undefined {
    return this.#activeMq.recovery([exchangeNames(filter)]);
  }

  retainedPattern(filter: string): Pattern {
    const { words } = parsePattern(activemqAlphabet, exchangeNames(filter));
    return { words, skipsReserved: startsWithWildcard(filter) };
  }
}
