// ActiveMQ's destinations and consumers over the core of the broker.

import { assert } from '../../base/assert.ts';
import type { MessageView } from '../../storage/message-record.ts';
import { type Argument, noArguments } from '../arguments.ts';
import type { Broker } from '../broker.ts';
import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Route } from '../exchanges/route-cache.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import type { Delivery, SubscribeOptions } from '../subscription.ts';
import { isSubscription, type SubscriptionKey } from '../topics/topic-subscriptions.ts';
import type { Turns } from '../turns/turns.ts';
import type { Access } from '../users.ts';
import type { Vhost } from '../vhost.ts';
import { Browse, type Browser } from './browse.ts';
import { ClientIds } from './client-ids.ts';
import {
  type ActiveMqConfiguration,
  type ConfiguredPolicy,
  defaultConfiguration,
  defaultConfiguredPolicy,
} from './configuration.ts';
import {
  type ConsumeRequest,
  Consumption,
  type ConsumptionHost,
  type MessageTaker,
  type Source,
} from './consumption.ts';
import { deadLetterQueue, sharedStrategy } from './dead-letter-queue.ts';
import { isQueue, isWildcard, listedName, qualifiedName } from './destination.ts';
import { MessageSubject } from './message-subject.ts';
import { MessageTerms } from './message-terms.ts';
import { PolicyMap } from './policies/policy-map.ts';
import { type CheckHost, DestinationChecks } from './rights/destination-checks.ts';
import { Rights } from './rights/rights.ts';
import { SelectorBudget } from './selector-budget.ts';
import type { Selector } from './selectors/selector.ts';
import { SendTarget } from './send-target.ts';
import {
  coreQueueName,
  TemporaryDestinations,
  temporaryQueueName,
} from './temporary-destinations.ts';
import { byExchange, TopicConsumers } from './topic-consumers.ts';
import { TopicFilters } from './topic-filters.ts';
import { type CompositeHost, Composites } from './virtual/composites.ts';
import { VirtualTopics } from './virtual/virtual-topics.ts';
import { WildcardConsumers } from './wildcard-consumers.ts';

/** The only virtual host of an ActiveMQ broker. */
const vhostName = '/';
const topicExchange = 'activemq.topic';
const temporaryTopicExchange = 'activemq.temporary-topic';

/** Number of comparisons of words and operands per microsecond. */
const stepsPerUnit = 10;

const text = (value: string): Argument => ({ type: 'longstr', value });

/** Arguments of queues whose dead letters go to the shared dead-letter queue. */
const deadLetterArguments = {
  'x-dead-letter-exchange': text(''),
  'x-dead-letter-routing-key': text(deadLetterQueue),
};

/** Arguments of queues that deliver messages with a higher priority first: JMS has ten priorities. */
const priorityArguments = { 'x-max-priority': { type: 'long', value: 9 } } as const;

const dialects = new WeakMap<Broker, ActiveMq>();

/** Events for the broker's log. */
export interface ActiveMqEvents {
  /** A user was refused an action, with the text of the error. */
  refused(access: object, text: string): void;
  /** A destination was removed because nobody used it. */
  removedInactive(name: string, inactiveMs: number): void;
}

const nobody: ActiveMqEvents = { refused: () => {}, removedInactive: () => {} };

/**
 * Creates the instance of a broker with its configuration. Must be called before a protocol of the
 * broker is created.
 */
export function configureActiveMq(
  broker: Broker,
  configuration: ActiveMqConfiguration,
  events: ActiveMqEvents = nobody,
): ActiveMq {
  assert(!dialects.has(broker), 'the destinations of the broker have a configuration');
  const created = new ActiveMq(broker, configuration, events);
  dialects.set(broker, created);
  return created;
}

/** Returns the instance of a broker, which all of its protocols share. */
export function activeMqOf(broker: Broker): ActiveMq {
  return dialects.get(broker) ?? configureActiveMq(broker, defaultConfiguration);
}

/**
 * ActiveMQ's destinations over the queues and exchanges of the broker, for all protocols. A queue
 * is a durable queue with the same name. A topic is a routing key of one exchange. Both are created
 * when they are first used.
 */
export class ActiveMq implements ConsumptionHost, CompositeHost, CheckHost {
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly limits: Limits;
  readonly turns: Turns;
  readonly clientIds: ClientIds;
  /** The permissions of users. */
  readonly rights: Rights;
  /** The checks at each use of a destination. */
  readonly checks: DestinationChecks;
  /** The cost of the last message's route, in units of about a microsecond. */
  routeUnits = 0;
  readonly selectorBudget = new SelectorBudget();
  readonly temporaries: TemporaryDestinations;
  readonly #topics: Exchange;
  readonly #temporaryTopics: Exchange;
  readonly #filters: TopicFilters;
  readonly #topicConsumers: TopicConsumers;
  readonly #wildcards: WildcardConsumers;
  readonly #subject: MessageSubject;
  readonly #deadLetters = sharedStrategy(topicExchange);
  readonly configuration: ActiveMqConfiguration;
  /** Changes to messages, which protocols apply before they encode them. */
  readonly terms: MessageTerms;
  readonly #policies: PolicyMap<ConfiguredPolicy>;
  readonly #virtualTopics: VirtualTopics;
  readonly #composites: Composites;

  readonly #events: ActiveMqEvents;

  constructor(broker: Broker, configuration: ActiveMqConfiguration, events: ActiveMqEvents) {
    this.broker = broker;
    this.#events = events;
    this.configuration = configuration;
    this.terms = new MessageTerms(configuration);
    this.#policies = new PolicyMap(configuration.policies, configuration.defaultPolicy);
    this.#virtualTopics = new VirtualTopics(configuration.virtualTopics);
    this.vhost = broker.vhost(vhostName);
    this.limits = broker.limits;
    this.turns = broker.turns;
    this.clientIds = new ClientIds(broker.brokerName);
    this.rights = new Rights(configuration.authorisation, (access, text) =>
      this.#events.refused(access, text),
    );
    this.temporaries = new TemporaryDestinations(this.vhost, this.rights);
    this.checks = new DestinationChecks(this);
    this.#topics = this.#declareTopics(topicExchange, true);
    this.#temporaryTopics = this.#declareTopics(temporaryTopicExchange, false);
    this.#filters = new TopicFilters(this, broker.limits.routeAtOnceStepCountMax);
    this.#subject = new MessageSubject(this);
    const { background } = broker;
    this.#wildcards = new WildcardConsumers({ background, queues: this.vhost.queues });
    const adopt = (queue: Queue) => this.#adopt(queue);
    const { vhost } = this;
    this.#topicConsumers = new TopicConsumers(vhost, this.#filters, deadLetterArguments, adopt);
    for (const queue of this.vhost.queues.values()) {
      this.#adopt(queue);
      if (isSubscription(queue)) this.checks.remember(queue);
      else this.#bindVirtual(queue);
    }
    this.#composites = new Composites(this, configuration.composites);
    for (const name of [deadLetterQueue, ...configuration.queues]) this.forwardQueue(name);
  }

  #declareTopics(name: string, durable: boolean): Exchange {
    const options = { durable, autoDelete: false, internal: false, arguments: noArguments };
    return this.vhost.declareExchange(name, 'x-activemq-topic', options);
  }

  /** Applies ActiveMQ's rules for dead letters to a queue. */
  #adopt(queue: Queue): void {
    queue.deadLetters = this.#deadLetters;
  }

  /** Returns the topics of a subscription. */
  *topicsOf(subscription: Queue): Iterable<Address> {
    for (const exchange of [this.#topics, this.#temporaryTopics]) {
      for (const { routingKey } of exchange.bindingsTo(subscription)) {
        yield this.#addressOf(exchange.name, routingKey);
      }
    }
  }

  formatOf(number: number) {
    return this.broker.formatOf(number);
  }

  nowMs(): number {
    return this.broker.nowMs();
  }

  destinationName(exchange: string, routingKey: string): string {
    return qualifiedName(this.#addressOf(exchange, routingKey));
  }

  #addressOf(exchange: string, name: string): Address {
    if (exchange === topicExchange) return { kind: 'topic', name };
    if (exchange === temporaryTopicExchange) return { kind: 'temporary-topic', name };
    return queueAddress(name);
  }

  /** Returns the destination that the consumer of a delivery is shown. */
  destinationOf(source: Pick<Source, 'queue' | 'isTopic'>, delivery: Delivery): Address {
    if (!source.isTopic) return queueAddress(source.queue.name);
    return this.#addressOf(delivery.exchangeName(), delivery.routingKey());
  }

  /**
   * Returns the destination that a delivery was sent to, if it is a different one: a virtual topic.
   */
  originalOf(source: Pick<Source, 'isTopic'>, delivery: Delivery): Address | undefined {
    if (source.isTopic || delivery.exchangeName() !== topicExchange) return undefined;
    return { kind: 'topic', name: delivery.routingKey() };
  }

  /**
   * Returns a destination to send to. Nothing is created yet.
   *
   * @param listed all destinations of the list that it is part of, for error texts
   * @throws {BrokerError} `precondition-failed` if the name has wildcards
   */
  sendTarget(address: Address, listed: readonly Address[] = [address]): SendTarget {
    if (isWildcard(address)) {
      const why = 'messages cannot be sent to a name with wildcards';
      throw new BrokerError('precondition-failed', `${why}: ${qualifiedName(address)}`);
    }
    const { kind, name } = address;
    const isTemporaryQueue = kind === 'temporary-queue';
    const exchange = isQueue(address) ? this.vhost.exchange('') : this.#topicsOf(address);
    const routingKey = isTemporaryQueue ? coreQueueName(name) : name;
    return new SendTarget(address, exchange, routingKey, listedName(listed));
  }

  #topicsOf({ kind }: Address): Exchange {
    return kind === 'topic' ? this.#topics : this.#temporaryTopics;
  }

  /**
   * Routes a message, and creates its queue if it does not exist. Must be called before each
   * `Broker.publish` or `Transaction.publish`, which take the route as an argument.
   *
   * @param origins the sender, for consumers with noLocal
   * @throws {BrokerError} `access-refused`, `not-found` for a temporary destination that does not
   *   exist, `precondition-failed`, `resource-error`
   */
  route(
    target: SendTarget,
    publication: Publication,
    access: Access,
    origins: readonly unknown[],
  ): Route {
    if (target.version !== this.vhost.version || target.access !== access) {
      this.#prepare(target, access);
    }
    target.addressTo(publication);
    if (!this.terms.areUnchanged) this.terms.apply(publication);
    const own = this.topicRoute(target, publication, origins);
    if (target.forwarding === undefined) return own;
    const ownUnits = this.routeUnits;
    const route = this.#composites.route(target.forwarding, own, publication, origins);
    this.routeUnits = ownUnits + target.forwarding.targets.length + route.queues.length;
    return route;
  }

  topicRoute(target: SendTarget, publication: Publication, origins: readonly unknown[]): Route {
    const { routing } = this.broker;
    const route = routing.routeAtOnce(this.vhost, target.exchange, publication);
    const steps = routing.stepCount;
    if (isQueue(target.address)) {
      this.routeUnits = steps / stepsPerUnit;
      return route;
    }
    const wanted = this.#filters.apply(route, publication, origins);
    this.routeUnits = (steps + this.#filters.lastCost) / stepsPerUnit + wanted.queues.length;
    return wanted;
  }

  forwardQueue(name: string): Queue {
    return this.vhost.queues.get(name) ?? this.#createQueue(name);
  }

  #prepare(target: SendTarget, access: Access): void {
    const { address } = target;
    this.checks.requireSending(target, access);
    if (address.kind === 'queue') this.#queue(address, access);
    target.version = this.vhost.version;
    target.access = access;
    target.forwarding = this.#composites.of(address);
  }

  /** Returns the queue with a name, and creates it if it does not exist. */
  #queue(address: Address, access: Access): Queue {
    const { name } = address;
    const found = this.vhost.queues.get(name);
    if (name.startsWith('amq.')) {
      const why = `queue name '${name}' contains reserved prefix 'amq.*'`;
      throw new BrokerError('access-refused', why);
    }
    if (found !== undefined) return found;
    this.rights.require(access, 'create', address);
    return this.#createQueue(name);
  }

  #createQueue(name: string): Queue {
    const isDeadLetterQueue = name === deadLetterQueue;
    const letters = isDeadLetterQueue ? noArguments : deadLetterArguments;
    const { isPrioritized } = this.#policies.of({ kind: 'queue', name });
    const args = isPrioritized ? { ...letters, ...priorityArguments } : letters;
    const options = { durable: true, exclusive: false, autoDelete: false, arguments: args };
    const queue = this.vhost.declareFreeQueue(name, options, this);
    this.#adopt(queue);
    this.#bindVirtual(queue);
    this.#wildcards.announce(queue);
    return queue;
  }

  /** Gives a queue the messages of its virtual topics, and no longer those of earlier ones. */
  #bindVirtual(queue: Queue): void {
    const wanted = this.#virtualTopics.topicsOf(queue.name);
    for (const { routingKey } of [...this.#topics.bindingsTo(queue)]) {
      if (!wanted.has(routingKey)) this.vhost.unbind(this.#topics, queue, routingKey, noArguments);
    }
    for (const topic of wanted) this.vhost.bind(this.#topics, queue, topic, noArguments);
  }

  /** Returns the prefetch of a consumer, which depends on the policy if it requests the default. */
  prefetchOf(addresses: readonly Address[], isDurable: boolean, requested?: number): number {
    const first = addresses.find(isQueue) ?? addresses[0];
    const { topicPrefetch, durableTopicPrefetch, queuePrefetch } = defaultConfiguredPolicy;
    const policy = first === undefined ? defaultConfiguredPolicy : this.#policies.of(first);
    const [usual, own] =
      first !== undefined && isQueue(first)
        ? [queuePrefetch, policy.queuePrefetch]
        : isDurable
          ? [durableTopicPrefetch, policy.durableTopicPrefetch]
          : [topicPrefetch, policy.topicPrefetch];
    return requested === undefined || requested === usual ? own : requested;
  }

  selectorOf({ selector }: ConsumeRequest): SubscribeOptions['selector'] {
    if (selector === undefined) return undefined;
    const units = Math.ceil(selector.cost / stepsPerUnit);
    return (view: MessageView) => {
      this.broker.turns.unitsLeft -= units;
      return selector.matches(this.#subject.ofView(view));
    };
  }

  /**
   * Starts to consume. The first delivery is made in the broker's next dispatch round at the
   * earliest.
   *
   * @throws {BrokerError} `access-refused`, `not-found`, `resource-locked`, `precondition-failed`,
   *   `resource-error`; nothing is consumed then
   */
  consume(request: ConsumeRequest, taker: MessageTaker, access: Access): Consumption {
    const { destinations, owner } = request;
    this.checks.requireConsumption(destinations, access, owner);
    if (request.key !== undefined && this.configuration.rejectsDurableConsumers) {
      throw new BrokerError('precondition-failed', 'Durable Consumers are not allowed');
    }
    this.#requireSubscription(request.key, access);
    const queues = destinations.filter(isQueue);
    const topics = destinations.filter((address) => !isQueue(address));
    if (request.key !== undefined && queues.length > 0) {
      const why = 'cannot durably subscribe to a Queue destination!';
      throw new BrokerError('precondition-failed', `Invalid Subscription: ${why}`);
    }
    const exchanges = byExchange(topics, (address) => this.#topicsOf(address));
    const isOne = queues.length + exchanges.size === 1 && !queues.some(isWildcard);
    const consumption = new Consumption(this, request, taker, isOne);
    try {
      for (const address of queues) {
        if (!isWildcard(address)) consumption.join(this.#consumed(address, access, owner), false);
      }
      for (const [exchange, names] of exchanges) {
        consumption.join(this.#topicConsumers.open(request, exchange, names), true);
      }
    } catch (error) {
      this.broker.background.run(consumption.requeueAll());
      throw error;
    }
    for (const address of queues) {
      if (isWildcard(address)) this.#wildcards.add(consumption, address);
    }
    return consumption;
  }

  /**
   * Browses queues without acquiring messages. Reading starts with `Browse.wake`.
   *
   * @throws {BrokerError} `access-refused`, or `precondition-failed` for topics and wildcards
   */
  browse(
    addresses: readonly Address[],
    selector: Selector | undefined,
    browser: Browser,
    { access, owner }: { readonly access: Access; readonly owner: object },
  ): Browse {
    for (const address of addresses) {
      if (isQueue(address) && !isWildcard(address)) continue;
      const why = `only a queue can be browsed, not ${qualifiedName(address)}`;
      throw new BrokerError('precondition-failed', why);
    }
    this.checks.requireConsumption(addresses, access, owner);
    const queues = addresses.map((address) => this.#consumed(address, access, owner));
    return new Browse(this, queues, selector, browser);
  }

  #consumed(address: Address, access: Access, owner: object): Queue {
    if (address.kind === 'queue') return this.#queue(address, access);
    return this.vhost.queue(coreQueueName(address.name), owner);
  }

  #requireSubscription(key: SubscriptionKey | undefined, access: Access): void {
    if (key === undefined || !this.rights.areRestricted) return;
    this.checks.requireSubscription(this.#topicConsumers.find(key), access);
  }

  /** Ends a consumption, in steps: unsettled messages are requeued. */
  *release(consumption: Consumption): Generator<void> {
    consumption.end();
    for (const address of consumption.request.destinations) {
      if (isQueue(address) && isWildcard(address)) this.#wildcards.remove(consumption, address);
    }
    const topics = [...consumption.sources].filter(({ isTopic }) => isTopic);
    yield* consumption.requeueAll();
    for (const { queue } of topics) this.#topicConsumers.closed(queue);
  }

  /**
   * Deletes a durable subscription and its messages.
   *
   * @throws {BrokerError} `access-refused`, `not-found`, `resource-locked`
   */
  unsubscribe(key: SubscriptionKey, access: Access): void {
    this.#requireSubscription(key, access);
    this.#topicConsumers.delete(key);
  }
}

function queueAddress(coreName: string): Address {
  const temporary = temporaryQueueName(coreName);
  if (temporary === undefined) return { kind: 'queue', name: coreName };
  return { kind: 'temporary-queue', name: temporary };
}
