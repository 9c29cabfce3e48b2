// Topics, queues and permissions of a virtual host of RabbitMQ's type, for MQTT.

import { noArguments } from '../../../broker/arguments.ts';
import type { Broker } from '../../../broker/broker.ts';
import { BrokerError } from '../../../broker/errors.ts';
import type { MessageFormat } from '../../../broker/format.ts';
import { amqpAlphabet, type Pattern, parsePattern } from '../../../broker/patterns/alphabet.ts';
import type { Queue } from '../../../broker/queue.ts';
import { requireBinding } from '../../../broker/rabbitmq/permission-checks.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import type { Access } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { Requested, Terms, TopicTarget, VhostDialect } from '../dialect.ts';
import type { SessionQueues } from '../sessions/session-queues.ts';
import { rabbitMqMqttFormat } from './format.ts';
import type { MqttOptions } from './options.ts';
import { RabbitMqSessionQueues, sessionQueueName } from './session-queues.ts';
import { RabbitMqTarget } from './topic-target.ts';
import { toRoutingKey, toTopic } from './topics.ts';

/** The exchange of MQTT in one virtual host, and the rights on it. */
export class RabbitMqVhost implements VhostDialect {
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly terms: Terms;
  readonly format: MessageFormat = rabbitMqMqttFormat;
  readonly queues: SessionQueues;
  /** Each user has permissions of its own. */
  readonly hasRights = true;
  readonly exchange: string;
  readonly #isSparkplug: boolean;

  constructor(broker: Broker, vhost: Vhost, terms: Terms, options: MqttOptions) {
    this.broker = broker;
    this.vhost = vhost;
    this.terms = terms;
    this.queues = new RabbitMqSessionQueues(broker, vhost, options);
    this.exchange = options.exchange;
    this.#isSparkplug = options.isSparkplug;
  }

  isIgnored(): boolean {
    return false;
  }

  #keyOf(topic: string): string {
    return toRoutingKey(topic, this.#isSparkplug);
  }

  target(topic: string): TopicTarget {
    return new RabbitMqTarget(this, this.#keyOf(topic));
  }

  requireSubscription({ filter, qos, clientId }: Requested, access: Access): void {
    const name = sessionQueueName(clientId, qos);
    if (!this.vhost.queues.has(name)) access.require('configure', 'queue', name);
    access.require('read', 'queue', name);
    const { exchange: source } = this;
    const ends = {
      source,
      kind: 'queue',
      destination: name,
      routingKey: this.#keyOf(filter),
    } as const;
    requireBinding(access, this.vhost, ends);
  }

  mayRead(filter: string, access: Access): boolean {
    try {
      access.require('read', 'exchange', this.exchange);
      access.requireTopic('read', this.exchange, this.#keyOf(filter));
      return true;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      return false;
    }
  }

  requireSession(clientId: string, isClean: boolean, access: Access): void {
    for (const queue of [this.queues.findKept(clientId), this.queues.findLive(clientId)]) {
      if (queue !== undefined) access.require(isClean ? 'configure' : 'read', 'queue', queue.name);
    }
  }

  mayDisconnect(clientId: string, access: Access): boolean {
    return [0, 1].every((qos) =>
      access.permits('configure', 'queue', sessionQueueName(clientId, qos)),
    );
  }

  bind(queue: Queue, filter: string): void {
    const exchange = this.vhost.exchange(this.exchange);
    this.vhost.bind(exchange, queue, this.#keyOf(filter), noArguments);
  }

  unbind(queue: Queue, filter: string): void {
    const exchange = this.vhost.exchanges.get(this.exchange);
    if (exchange !== undefined) {
      this.vhost.unbind(exchange, queue, this.#keyOf(filter), noArguments);
    }
  }

  /** Messages of other exchanges have topics, too, as in RabbitMQ. */
  nameOf(delivery: Delivery): string {
    return delivery.routingKey();
  }

  topicOf(routingKey: string): string {
    return toTopic(routingKey, this.#isSparkplug);
  }

  isReserved(): boolean {
    return false;
  }

  retainedPattern(filter: string): Pattern {
    return parsePattern(amqpAlphabet, this.#keyOf(filter));
  }
}
