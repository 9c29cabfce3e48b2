// ActiveMQ's destinations and consumers over the core of the broker.

import { assert } from '../../base/assert.ts';
import { noArguments } from '../arguments.ts';
import type { Broker } from '../broker.ts';
import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import { nowhere, type Route } from '../exchanges/route-cache.ts';
import { requireRoom } from '../flow/refused-sends.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import type { Timing } from '../schedule/job.ts';
import type { Delivery } from '../subscription.ts';
import { isSubscription, type SubscriptionKey } from '../topics/topic-subscriptions.ts';
import type { Turns } from '../turns/turns.ts';
import type { Access } from '../users.ts';
import type { Vhost } from '../vhost.ts';
import { Advising } from './advisories/advising.ts';
import { isAdvisory } from './advisories/advisory-sink.ts';
import { Browse, type Browser, requireBrowsable } from './browse.ts';
import { ClientIds } from './client-ids.ts';
import { type ActiveMqConfiguration, defaultConfiguration } from './configuration.ts';
import {
  type ConsumeRequest,
  type ConsumerRules,
  Consumption,
  type ConsumptionHost,
  type MessageTaker,
  requireConsumable,
} from './consumption.ts';
import {
  addressOfCore,
  qualifiedCoreName,
  temporaryTopicExchange,
  topicExchange,
} from './core-names.ts';
import { ActiveMqDeadLetters, deadLetterArguments, deadLetterQueue } from './dead-letter-queue.ts';
import { isQueue, isWildcard, listedName, qualifiedName } from './destination.ts';
import { type ActiveMqEvents, noEvents } from './events.ts';
import { brokerLimits } from './limits/broker-limits.ts';
import { SlowConsumers } from './limits/slow-consumers.ts';
import { MessageGroups } from './message-groups.ts';
import { MessageSubject } from './message-subject.ts';
import { ClientPolicies } from './policies/client-policies.ts';
import type { ActiveMqSettings } from './policies/destination-policy.ts';
import { DispatchStarts } from './policies/dispatch-starts.ts';
import { MessageTerms } from './policies/message-terms.ts';
import { QueuePolicies } from './policies/queue-policies.ts';
import { settingsOf } from './policies/settings-of.ts';
import { RetroactiveConsumers, type RetroactiveHost } from './recovery/retroactive-consumers.ts';
import { type CheckHost, DestinationChecks } from './rights/destination-checks.ts';
import { Rights } from './rights/rights.ts';
import { type HeaderValue, readTiming } from './scheduling/scheduled-headers.ts';
import { SelectorBudget, type Wants } from './selector-budget.ts';
import type { Selector } from './selectors/selector.ts';
import { noSendOptions, type SendOptions, SendTarget } from './send-target.ts';
import { InternalPublishing, type InternalPublishingHost } from './sending/internal-publishing.ts';
import { SentMessages } from './sending/sent-messages.ts';
import { Services, type ServicesHost } from './services/services.ts';
import { coreQueueName, TemporaryDestinations } from './temporary-destinations.ts';
import {
  byExchange,
  type DurableSubscription,
  isTopicQueue,
  TopicConsumers,
} from './topic-consumers.ts';
import { TopicFilters } from './topic-filters.ts';
import { deleteMessagesOnce } from './upkeep/message-deletion.ts';
import { Upkeep, type UpkeepHost } from './upkeep/upkeep.ts';
import { Composites } from './virtual/composites.ts';
import { DestinationRoutes, stepsPerUnit } from './virtual/destination-routes.ts';
import { Mirrors } from './virtual/mirrors.ts';
import { SelectorAwareQueues } from './virtual/selector-aware-queues.ts';
import { VirtualTopics } from './virtual/virtual-topics.ts';
import { WildcardConsumers } from './wildcard-consumers.ts';

/** The only virtual host of an ActiveMQ broker. */
const vhostName = '/';

/** Units of work of a request to a destination that the broker answers itself. */
const serviceUnits = 256;

const dialects = new WeakMap<Broker, ActiveMq>();

/**
 * Creates the instance of a broker with its configuration. Must be called before a protocol of the
 * broker is created.
 */
export function configureActiveMq(
  broker: Broker,
  configuration: ActiveMqConfiguration,
  events: ActiveMqEvents = noEvents,
): ActiveMq {
  assert(!dialects.has(broker), 'the destinations of the broker have a configuration');
  dialects.set(broker, new ActiveMq(broker, configuration, events));
  return activeMqOf(broker);
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
export class ActiveMq
  implements
    CheckHost,
    ConsumptionHost,
    InternalPublishingHost,
    RetroactiveHost,
    ServicesHost,
    UpkeepHost
{
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
  /** Called when a destination was removed because it was not used for some milliseconds. */
  onInactiveRemoved: ((address: Address, inactiveMs: number) => void) | undefined = undefined;
  readonly #groups: MessageGroups;
  readonly #retroactive: RetroactiveConsumers;
  readonly #upkeep: Upkeep;
  readonly starts: DispatchStarts;
  readonly #services: Services;
  /** All active consumers. */
  readonly consumptions = new Set<Consumption>();
  readonly #policies: QueuePolicies;
  readonly #mirrors: Mirrors;
  /** For messages that the broker publishes on its own. */
  readonly internal: InternalPublishing;
  readonly configuration: ActiveMqConfiguration;
  /** Changes to messages, which protocols apply before they encode them. */
  readonly terms: MessageTerms;
  /** What the policies decide about new consumers. */
  readonly clientPolicies: ClientPolicies;
  readonly virtualTopics: VirtualTopics;
  readonly #composites: Composites;
  readonly #routes: DestinationRoutes;
  /** Advisories about destinations and messages. */
  readonly advising: Advising;
  /** Call it for each message that was sent. Its producer may have to wait for flow control. */
  readonly sends: SentMessages;
  readonly aware = new SelectorAwareQueues();

  constructor(broker: Broker, configuration: ActiveMqConfiguration, events: ActiveMqEvents) {
    this.broker = broker;
    this.configuration = configuration;
    this.terms = new MessageTerms(configuration);
    this.clientPolicies = new ClientPolicies(configuration);
    this.vhost = broker.vhost(vhostName);
    this.limits = broker.limits;
    this.turns = broker.turns;
    this.clientIds = new ClientIds(broker.brokerName);
    this.rights = new Rights(configuration.authorisation, (access, text) =>
      events.refused(access, text),
    );
    this.temporaries = new TemporaryDestinations(this.vhost, this.rights);
    this.checks = new DestinationChecks(this);
    this.#topics = this.#declareTopics(topicExchange, true);
    this.#temporaryTopics = this.#declareTopics(temporaryTopicExchange, false);
    this.#filters = new TopicFilters(this, broker.limits.topicSelectorCostMax, this.aware);
    const [topics, filters, { aware, limits }] = [this.#topics, this.#filters, this];
    const parts = { routing: broker.routing, vhost: this.vhost, topics, filters, aware };
    this.#mirrors = new Mirrors({ ...parts, mirrorOf: (queue) => this.settings.mirrorOf(queue) });
    const queues = { subjects: this, createQueue: (name: string) => this.createQueue(name) };
    this.#composites = new Composites({ ...parts, ...queues, limits }, configuration.composites);
    this.virtualTopics = new VirtualTopics(configuration.virtualTopics, parts);
    this.internal = new InternalPublishing(this, this.#filters, this.#mirrors);
    this.advising = new Advising(this);
    const letters = new ActiveMqDeadLetters(this.internal);
    this.#policies = new QueuePolicies(this.#topics, letters, this.advising);
    this.#policies.settings = settingsOf(configuration, broker.limits.memoryBytesMax);
    this.sends = new SentMessages(brokerLimits(this, events), this.advising);
    this.onInactiveRemoved = (address, inactiveMs) => {
      events.removedInactive(qualifiedName(address), inactiveMs);
      this.advising.destination(address, false);
    };
    this.#subject = new MessageSubject(this);
    this.#groups = new MessageGroups(this, (queue) => this.#policies.of(queue).groupCountMax);
    this.#routes = new DestinationRoutes({
      ...parts,
      broker,
      mirrors: this.#mirrors,
      composites: this.#composites,
      groups: this.#groups,
    });
    this.#services = new Services(this);
    this.#retroactive = new RetroactiveConsumers(this, this.#policies);
    this.starts = new DispatchStarts(broker.turns, (queue) => this.#policies.startOf(queue));
    const slow = new SlowConsumers(this, events);
    this.#upkeep = new Upkeep(this, this.#policies, slow, () => this.#retroactive.start(topics));
    this.#wildcards = new WildcardConsumers({
      background: broker.background,
      queues: this.vhost.queues,
    });
    const adopt = (queue: Queue) => this.#policies.adopt(queue);
    const { vhost } = this;
    this.#topicConsumers = new TopicConsumers(vhost, this.#filters, deadLetterArguments, adopt);
    for (const queue of this.vhost.queues.values()) {
      this.#policies.adopt(queue);
      if (isSubscription(queue)) this.checks.remember(queue);
      this.virtualTopics.bind(queue);
      if (!isTopicQueue(queue)) this.#groups.recover(queue);
    }
    this.vhost.unawaited = this.internal;
    const names = [deadLetterQueue, ...configuration.queues];
    for (const name of names) if (!this.vhost.queues.has(name)) this.createQueue(name);
    this.#upkeep.apply();
    deleteMessagesOnce(this, configuration.deletesMessagesFor, events);
  }

  #declareTopics(name: string, durable: boolean): Exchange {
    const options = { durable, autoDelete: false, internal: false, arguments: noArguments };
    return this.vhost.declareExchange(name, 'x-activemq-topic', options);
  }

  get settings(): ActiveMqSettings {
    return this.#policies.settings;
  }

  /** Changes the settings. Call it before the first client connects. */
  configure(settings: ActiveMqSettings): void {
    this.#policies.settings = settings;
    for (const queue of this.vhost.queues.values()) this.#policies.adopt(queue);
    this.#upkeep.apply();
  }

  rulesOf(queue: Queue): ConsumerRules {
    return this.#policies.rulesOf(queue);
  }

  deleteSubscription(queue: Queue): void {
    this.#topicConsumers.remove(queue);
  }

  readonly keepsMessagesOf = (topic: string): boolean => this.#retroactive.keeps(topic);

  /** See {@link RetroactiveConsumers.recovery}. */
  readonly recovery = (names: readonly string[]) => this.#retroactive.recovery(names);

  subscriptionOf(queue: Queue): string | undefined {
    return this.#topicConsumers.idOf(queue);
  }

  /** The exchange of all topics that are not temporary. */
  get topicExchange(): Exchange {
    return this.#topics;
  }

  /** Returns the topics of a subscription. */
  *topicsOf(subscription: Queue): Iterable<Address> {
    for (const exchange of [this.#topics, this.#temporaryTopics]) {
      for (const { routingKey } of exchange.bindingsTo(subscription)) {
        yield addressOfCore(exchange.name, routingKey);
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
    return qualifiedCoreName(exchange, routingKey);
  }

  /**
   * Returns a destination to send to. Nothing is created yet.
   *
   * @param listed all destinations of the list that it is part of, for error texts
   * @throws {BrokerError} `precondition-failed` if the name has wildcards and is no request for statistics
   */
  sendTarget(address: Address, listed: readonly Address[] = [address]): SendTarget {
    const isService = this.#services.owns(address);
    if (this.virtualTopics.standsForOthers(address) && !isService) {
      const why = 'messages cannot be sent to a name with wildcards';
      throw new BrokerError('precondition-failed', `${why}: ${qualifiedName(address)}`);
    }
    const { kind, name } = address;
    const exchange = isQueue(address) ? this.vhost.exchange('') : this.#topicsOf(address);
    const routingKey = kind === 'temporary-queue' ? coreQueueName(name) : name;
    const target = new SendTarget(address, exchange, routingKey, listedName(listed));
    target.isService = isService;
    if (kind === 'queue' && !isService) target.mirror = this.#mirrors.targetOf(name);
    return target;
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
    options: SendOptions = noSendOptions,
  ): Route {
    const isKnown = target.version === this.vhost.version && target.access === access;
    if (!isKnown || target.use?.isOver === true) this.#prepare(target, access);
    if (target.use !== undefined) target.use.count++;
    if (this.broker.flow.isRefusing) requireRoom(this.broker.flow, target.shown);
    target.addressTo(publication);
    if (target.isService) {
      this.routeUnits = serviceUnits;
      this.#services.take(target.address, publication, access);
      return nowhere;
    }
    if (!this.terms.areUnchanged) this.terms.apply(publication, target.address);
    const route = this.#routes.route(target, publication, origins, options);
    this.routeUnits = this.#routes.units;
    const { limits } = this.sends;
    if (limits.isRefusing) limits.requireRoom(target, publication, route);
    return route;
  }

  /**
   * Returns when a message is to be delivered, according to its `AMQ_SCHEDULED` headers; undefined
   * if it is not scheduled.
   *
   * @param header returns the value of a header by its name
   * @throws {BrokerError} `precondition-failed` for a value that is not allowed
   */
  timingOf(header: (name: string) => HeaderValue): Timing | undefined {
    const { hasScheduler, scheduledRepeatCountMax } = this.settings;
    return hasScheduler ? readTiming(header, scheduledRepeatCountMax) : undefined;
  }

  #prepare(target: SendTarget, access: Access): void {
    const { address } = target;
    this.checks.requireSending(target, access);
    if (address.kind === 'queue' && !target.isService) this.#queue(address, access);
    target.version = this.vhost.version;
    target.access = access;
    target.forwarding = this.#composites.of(address);
    target.rules = this.advising.rulesFor(address);
    target.use = address.kind === 'topic' ? this.advising.topics.get(address.name) : undefined;
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
    return this.createQueue(name);
  }

  createQueue(name: string): Queue {
    const isDeadLetterQueue = name === deadLetterQueue;
    const letters = isDeadLetterQueue ? noArguments : deadLetterArguments;
    const args = { ...letters, ...this.clientPolicies.argumentsOf(name) };
    const options = { durable: true, exclusive: false, autoDelete: false, arguments: args };
    const queue = this.vhost.declareFreeQueue(name, options, this);
    this.#policies.adopt(queue);
    this.virtualTopics.bind(queue);
    this.#wildcards.announce(queue);
    this.advising.destination({ kind: 'queue', name }, true);
    return queue;
  }

  wantsOf(selector: Selector): Wants {
    const units = Math.ceil(selector.cost / stepsPerUnit);
    return (view: Delivery) => {
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
    requireConsumable(request, this.configuration);
    this.#requireSubscription(request.key, access);
    const queues = destinations.filter(isQueue);
    const topics = destinations.filter((address) => !isQueue(address));
    const exchanges = byExchange(topics, (address) => this.#topicsOf(address));
    const searched = queues.filter(isWildcard);
    const isOne = queues.length + exchanges.size === 1 && searched.length === 0;
    const consumption = new Consumption(this, request, taker, isOne);
    try {
      for (const address of queues) {
        if (this.virtualTopics.standsForOthers(address)) continue;
        consumption.join(this.#consumed(address, access, owner), false);
      }
      for (const [exchange, names] of exchanges) {
        const queue = this.#topicConsumers.open(request, exchange, names);
        this.#retroactive.opened(queue, request, exchange === this.#topics ? names : []);
        this.advising.opened(queue, consumption);
        consumption.join(queue, true);
      }
    } catch (error) {
      this.broker.background.run(consumption.requeueAll());
      throw error;
    }
    for (const address of searched) this.#wildcards.add(consumption, address);
    this.consumptions.add(consumption);
    if (topics.some(isAdvisory)) this.broker.background.run(this.advising.listened());
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
    requireBrowsable(addresses, this.virtualTopics);
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
    this.consumptions.delete(consumption);
    for (const address of consumption.request.destinations) {
      if (isQueue(address) && isWildcard(address)) this.#wildcards.remove(consumption, address);
    }
    const topics = [...consumption.sources].filter(({ isTopic }) => isTopic);
    yield* consumption.requeueAll();
    for (const { queue } of topics) this.#topicConsumers.closed(queue);
  }

  /** Returns what a durable subscription consumes, if it exists. @throws `access-refused` */
  durableSubscription(key: SubscriptionKey, access: Access): DurableSubscription | undefined {
    this.#requireSubscription(key, access);
    return this.#topicConsumers.describe(key, this.#topics);
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
