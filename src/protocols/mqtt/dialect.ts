// The rules of the broker's type for MQTT: ActiveMQ's topics.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import { addressOfCore } from '../../broker/activemq/core-names.ts';
import { isQueue } from '../../broker/activemq/destination.ts';
import type { Usage } from '../../broker/activemq/limits/usage.ts';
import type { SendTarget } from '../../broker/activemq/send-target.ts';
import { noArguments } from '../../broker/arguments.ts';
import type { Broker } from '../../broker/broker.ts';
import { BrokerError } from '../../broker/errors.ts';
import type { Route } from '../../broker/exchanges/route-cache.ts';
import { activemqAlphabet, type Pattern, parsePattern } from '../../broker/patterns/alphabet.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Delivery } from '../../broker/subscription.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { exchangeNames, startsWithWildcard, topicAddress } from './address.ts';

/**
 * What MQTT needs of the type of a broker: the names of topics, their exchange, and rights. Another type
 * has a class with the same members.
 */
export class MqttDialect {
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly #activeMq: ActiveMq;

  constructor(activeMq: ActiveMq) {
    this.#activeMq = activeMq;
    this.broker = activeMq.broker;
    this.vhost = activeMq.vhost;
  }

  /** The cost of the last message's route, in units of about a microsecond. */
  get routeUnits(): number {
    return this.#activeMq.routeUnits;
  }

  /** Returns the access of a user. @throws {BrokerError} `not-allowed` */
  access(user: User): Access {
    return this.broker.access(user, this.vhost.name);
  }

  /**
   * Returns the destination of a topic.
   *
   * @throws {BrokerError} `precondition-failed` if the name is too long
   */
  target(topic: string): SendTarget {
    return this.#activeMq.sendTarget(topicAddress(topic));
  }

  /**
   * Routes a message to a destination.
   *
   * @throws {BrokerError} `access-refused`, `precondition-failed`
   */
  route(
    target: SendTarget,
    publication: Publication,
    access: Access,
    origins: readonly unknown[],
  ): Route {
    return this.#activeMq.route(target, publication, access, origins);
  }

  /**
   * A message was stored.
   *
   * @returns a limit for which its sender must wait; usually undefined
   */
  stored(target: SendTarget, publication: Publication, route: Route): Usage | undefined {
    return this.#activeMq.sends.stored(target, publication, route);
  }

  /**
   * Requires the permission to subscribe to a filter.
   *
   * @throws {BrokerError} `access-refused`
   */
  requireRead(filter: string, access: Access): void {
    this.#activeMq.checks.requireConsumption([topicAddress(filter)], access, this);
  }

  /** Whether some users are permitted less than others. */
  get hasRights(): boolean {
    return this.#activeMq.rights.areRestricted;
  }

  /** Whether a user is permitted to receive the messages of a filter. */
  mayRead(filter: string, access: Access): boolean {
    try {
      this.#activeMq.rights.require(access, 'read', topicAddress(filter));
      return true;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      return false;
    }
  }

  /** Makes a queue receive the messages that match a filter. An existing binding is not changed. */
  bind(queue: Queue, filter: string): void {
    this.vhost.bind(this.#activeMq.topicExchange, queue, exchangeNames(filter), noArguments);
  }

  unbind(queue: Queue, filter: string): void {
    this.vhost.unbind(this.#activeMq.topicExchange, queue, exchangeNames(filter), noArguments);
  }

  /** Returns the name of the topic that a message arrived through. */
  nameOf(delivery: Delivery): string {
    const sent = addressOfCore(delivery.exchangeName(), delivery.routingKey());
    const mirror = isQueue(sent) ? this.#activeMq.settings.mirrorOf(sent.name) : undefined;
    return mirror ?? sent.name;
  }

  /** The pattern of the names of retained messages for a filter. */
  retainedPattern(filter: string): Pattern {
    const { words } = parsePattern(activemqAlphabet, exchangeNames(filter));
    return { words, skipsReserved: startsWithWildcard(filter) };
  }
}
