// A virtual host.

import { assert } from '../base/assert.ts';
import { textBytes } from '../base/byte-text.ts';
import type { QueueIndex } from '../storage/queue-index.ts';
import {
  type Arguments,
  requireAddressBytes,
  requireSameArgument,
  requireSameField,
  requireShortName,
  requireSmallArguments,
} from './arguments.ts';
import type { Change } from './definitions.ts';
import { BrokerError, describe } from './errors.ts';
import type { Binding, Destination } from './exchanges/binding.ts';
import { BindingSources } from './exchanges/binding-sources.ts';
import { Exchange, type ExchangeOptions } from './exchanges/exchange.ts';
import type { ExchangeType } from './exchanges/exchange-type.ts';
import { exchangeType } from './exchanges/types/registry.ts';
import type { Limits } from './limits.ts';
import type { UnawaitedRules } from './publishing/unawaited-rules.ts';
import type { Queue } from './queue.ts';
import type { QueueHost } from './queue-host.ts';
import {
  checkQueueOptions,
  comparedArguments,
  type QueueOptions,
  type QueueType,
  readQueueArguments,
} from './queue-options.ts';
import { newQueue } from './queues/new-queue.ts';
import { requireNotDefault } from './rabbitmq/permission-checks.ts';
import type { Personality } from './rabbitmq/personality.ts';
import { Settings } from './settings/settings.ts';
import type { Background } from './turns/background.ts';
import { bindingChange, durableBindings, isDurableBinding } from './vhosts/binding-changes.ts';
import { missingArgument, withDefaultType } from './vhosts/default-queue-type.ts';
import { ExclusiveQueues } from './vhosts/exclusive-queues.ts';
import { isPredeclared, predeclaredExchanges } from './vhosts/predeclared.ts';
import { noMetadata, type VhostMetadata } from './vhosts/vhost-metadata.ts';

/** The interface to the broker. */
export interface VhostHost extends QueueHost {
  readonly limits: Limits;
  readonly personality: Personality;
  /** Whether changes are being recovered. */
  readonly isRecovering: boolean;
  define(change: Change): void;
  newQueueIndex(number: number | undefined, isDurable: boolean, isStream?: boolean): QueueIndex;
  /** Returns 22 random characters. */
  randomName(): string;
  /** Performs long work in slices. */
  readonly background: Background;
  /** @throws {BrokerError} `resource-error` if there is no memory for another `what` */
  requireMemory(what: string): void;
  /** See `Accounts.requireRoomInBroker`. */
  requireRoomInBroker(subject: string): void;
}

/** A virtual host: exchanges and queues by name. */
export class Vhost {
  readonly name: string;
  readonly exchanges = new Map<string, Exchange>();
  readonly queues = new Map<string, Queue>();
  /** Incremented with every change of bindings and names, to invalidate cached routes. */
  version = 0;
  readonly #host: VhostHost;
  readonly #sources = new BindingSources();
  /** Policies and limits. */
  readonly settings: Settings;
  metadata: VhostMetadata = noMetadata;
  /** Why all messages were last deleted, so that it happens only once; undefined for never. */
  messagesDeletedFor: string | undefined = undefined;
  /** Rules for messages that the broker publishes on its own; undefined for none. */
  unawaited: UnawaitedRules | undefined = undefined;
  /** Whether protocols trace messages. It is off after a start. */
  isTracing = false;
  readonly exclusive = new ExclusiveQueues();
  #hasEnded = false;
  #policyChangeCount = 0;
  #isApplyingPolicies = false;

  constructor(host: VhostHost, name: string) {
    this.#host = host;
    this.name = name;
    this.settings = new Settings({
      name,
      limits: host.limits,
      delaysReturned: host.personality.delaysReturned,
      define: (change) => host.define(change),
      policiesChanged: () => this.#policiesChanged(),
    });
    for (const exchange of predeclaredExchanges(name)) this.exchanges.set(exchange.name, exchange);
  }

  /** The type of queues whose declaration does not state it; undefined for classic queues. */
  get defaultQueueType(): QueueType | undefined {
    return this.metadata.defaultQueueType ?? this.#host.personality.defaultQueueType;
  }

  /** Applies the policies in the background. A change while this is in progress restarts it. */
  #policiesChanged(): void {
    this.#policyChangeCount++;
    if (this.#isApplyingPolicies) return;
    this.#isApplyingPolicies = true;
    this.#later(this.#applyPolicies());
  }

  *#applyPolicies(): Generator<void> {
    let applied = -1;
    try {
      while (applied !== this.#policyChangeCount) {
        applied = this.#policyChangeCount;
        yield* this.#applyPoliciesOnce();
      }
    } finally {
      this.#isApplyingPolicies = false;
    }
  }

  /** Updates the settings of all exchanges and queues, one per step, until the next change. */
  *#applyPoliciesOnce(): Generator<void> {
    const { settings } = this;
    const changeCount = this.#policyChangeCount;
    const units = settings.policies.size + settings.operatorPolicies.size;
    for (const exchange of this.exchanges.values()) {
      this.#setAlternate(exchange);
      this.#host.background.spend(units);
      yield;
      if (changeCount !== this.#policyChangeCount) return;
    }
    for (const queue of this.queues.values()) {
      queue.applySettings(settings.ofQueue(queue));
      this.#host.background.spend(units);
      yield;
      if (changeCount !== this.#policyChangeCount) return;
    }
  }

  #setAlternate(exchange: Exchange): void {
    const alternate = this.settings.alternateOf(exchange);
    if (alternate === exchange.alternate) return;
    exchange.alternate = alternate;
    this.version++;
  }

  /** @throws {BrokerError} `not-found` */
  exchange(name: string): Exchange {
    const exchange = this.exchanges.get(name);
    if (exchange !== undefined) return exchange;
    throw new BrokerError('not-found', `no ${describe('exchange', name, this.name)}`);
  }

  /** @throws {BrokerError} `not-found`; `resource-locked` if another connection owns it */
  queue(name: string, owner: object | undefined): Queue {
    const queue = this.queues.get(name);
    if (queue === undefined) {
      throw new BrokerError('not-found', `no ${describe('queue', name, this.name)}`);
    }
    queue.requireOwner(owner);
    return queue;
  }

  #requireOrdinaryName(kind: 'queue' | 'exchange', name: string): void {
    if (!name.startsWith('amq.')) return;
    throw new BrokerError(
      'access-refused',
      `${kind} name '${name}' contains reserved prefix 'amq.*'`,
    );
  }

  /**
   * Declares an exchange, or checks that the existing one is equal.
   *
   * @throws {BrokerError} `access-refused`, `precondition-failed`
   */
  declareExchange(name: string, type: string, options: ExchangeOptions): Exchange {
    requireNotDefault(name);
    const known = exchangeType(type);
    if (known === undefined) {
      throw new BrokerError('precondition-failed', `unknown exchange type '${type}'`);
    }
    const found = this.exchanges.get(name);
    const subject = describe('exchange', name, this.name);
    if (found !== undefined) {
      requireSameField('type', subject, type, found.type.name);
      requireSameField('durable', subject, options.durable, found.options.durable);
      requireSameField('auto_delete', subject, options.autoDelete, found.options.autoDelete);
      requireSameField('internal', subject, options.internal, found.options.internal);
      const compared = ['alternate-exchange', ...(found.type.comparedArguments ?? [])];
      for (const key of compared) {
        requireSameArgument(key, subject, options.arguments[key], found.options.arguments[key]);
      }
      return found;
    }
    this.#requireOrdinaryName('exchange', name);
    this.#host.requireMemory('exchange');
    this.#requireNewExchange(name, options, subject);
    known.checkArguments?.(options.arguments);
    return this.addExchange(name, known, options);
  }

  #requireNewExchange(name: string, options: ExchangeOptions, subject: string): void {
    const { argumentsBytesMax, exchangeCountMax } = this.#host.limits;
    requireShortName('exchange name', name);
    requireSmallArguments(options.arguments, subject, argumentsBytesMax);
    const alternate = options.arguments['alternate-exchange'];
    if (alternate?.type === 'longstr') {
      requireShortName(`arg 'alternate-exchange' for ${subject}`, String(alternate.value));
    }
    this.#requireRoom(`exchange '${name}'`, this.exchanges.size, exchangeCountMax);
  }

  /** Clients of a deleted virtual host that are still connected must not add to it. */
  #requireRoom(subject: string, count: number, countMax: number): void {
    if (this.#hasEnded) throw new BrokerError('not-allowed', `vhost ${this.name} not found`);
    if (count < countMax) {
      this.#host.requireRoomInBroker(subject);
      return;
    }
    const [kind] = subject.split(' ');
    const why = `${kind} limit in vhost '${this.name}' (${countMax}) is reached`;
    throw new BrokerError('precondition-failed', `cannot declare ${subject}: ${why}`);
  }

  /** Adds an exchange after its declaration was checked. */
  addExchange(name: string, type: ExchangeType, options: ExchangeOptions): Exchange {
    const exchange = new Exchange(this.name, name, type, options);
    this.#setAlternate(exchange);
    this.exchanges.set(name, exchange);
    this.version++;
    if (options.durable) {
      this.#host.define({ kind: 'exchange', vhost: this.name, name, type: type.name, options });
    }
    return exchange;
  }

  /**
   * Deletes an exchange. A missing exchange is not an error.
   *
   * @throws {BrokerError} `access-refused`; `precondition-failed` if it is in use
   */
  deleteExchange(name: string, how: { readonly ifUnused: boolean }): void {
    requireNotDefault(name);
    const subject = describe('exchange', name, this.name);
    if (name.startsWith('amq.')) {
      throw new BrokerError('access-refused', `deletion of system ${subject} not allowed`);
    }
    const exchange = this.exchanges.get(name);
    if (exchange === undefined) return;
    if (how.ifUnused && exchange.bindingCount > 0) {
      throw new BrokerError('precondition-failed', `${subject} in use`);
    }
    this.removeExchange(exchange);
  }

  /** Removes an exchange with its bindings. */
  removeExchange(exchange: Exchange): void {
    if (this.exchanges.get(exchange.name) !== exchange) return;
    this.exchanges.delete(exchange.name);
    exchange.end();
    if (exchange.options.durable) {
      this.#host.define({ kind: 'exchange-deleted', vhost: this.name, name: exchange.name });
    }
    this.version++;
    this.#later(this.#unbindExchange(exchange));
  }

  *#unbindExchange(exchange: Exchange): Generator<void> {
    yield* this.#unbind(exchange);
    yield* this.#sources.forget(exchange);
  }

  /** Removes the bindings to a deleted destination. Routing already ignores them. */
  *#unbind(destination: Destination): Generator<void> {
    for (const source of this.#sources.take(destination)) {
      yield* source.forget(destination);
      this.#deleteUnused(source);
      yield;
    }
  }

  /** Runs a job. During recovery it is completed at once, because the next change may depend on it. */
  #later(steps: Iterable<void>): void {
    if (!this.#host.isRecovering) this.#host.background.run(steps);
    else for (const _ of steps);
  }

  #deleteUnused(source: Exchange): void {
    if (this.#host.isRecovering || !source.options.autoDelete || source.bindingCount > 0) return;
    this.removeExchange(source);
  }

  /**
   * Declares a queue, or checks that the existing one is equal.
   *
   * @param owner the connection, which has sole access to an exclusive queue
   * @throws {BrokerError} `resource-locked`, `access-refused`, `precondition-failed`
   */
  declareQueue(name: string, options: QueueOptions, owner: object): Queue {
    this.#requireOrdinaryName('queue', name);
    const found = this.queues.get(name);
    if (found !== undefined) {
      const subject = describe('queue', name, this.name);
      found.requireOwner(owner);
      if (options.exclusive !== found.options.exclusive) found.refuseOwner();
      requireSameField('durable', subject, options.durable, found.options.durable);
      requireSameField('auto_delete', subject, options.autoDelete, found.options.autoDelete);
      for (const key of comparedArguments[found.settings.type]) {
        const none = missingArgument(key, found.options, this.defaultQueueType);
        const received = options.arguments[key] ?? none;
        requireSameArgument(key, subject, received, found.options.arguments[key] ?? none);
      }
      return found;
    }
    return this.#newQueue(name, options, owner);
  }

  /** Returns an unused random name, for declarations without a name. */
  freeQueueName(): string {
    return `amq.gen-${this.#host.randomName()}`;
  }

  /**
   * Declares a queue with a name from `freeQueueName`.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  declareFreeQueue(name: string, options: QueueOptions, owner: object): Queue {
    assert(!this.queues.has(name), 'a free name is taken');
    return this.#newQueue(name, options, owner);
  }

  requireMemory(what: string): void {
    this.#host.requireMemory(what);
  }

  #newQueue(name: string, asked: QueueOptions, owner: object): Queue {
    const options = withDefaultType(asked, this.defaultQueueType);
    const subject = describe('queue', name, this.name);
    const { argumentsBytesMax, queueCountMax } = this.#host.limits;
    requireShortName('queue name', name);
    requireSmallArguments(options.arguments, subject, argumentsBytesMax);
    const countMax = Math.min(queueCountMax, this.settings.limit('max-queues'));
    this.#requireRoom(`queue '${name}'`, this.queues.size, countMax);
    readQueueArguments(options.arguments, subject);
    checkQueueOptions(options, subject, this.#host);
    this.#host.requireMemory('queue');
    const queue = this.addQueue(name, options, undefined);
    if (options.exclusive) this.exclusive.add(queue, owner);
    return queue;
  }

  /** Adds a queue after its declaration was checked. A number is only given for a recovered queue. */
  addQueue(name: string, options: QueueOptions, number: number | undefined): Queue {
    const queue = newQueue(this.#host, this.name, name, options, number);
    if (this.settings.hasEffect) queue.applySettings(this.settings.ofQueue(queue));
    this.queues.set(name, queue);
    this.version++;
    if (queue.index.isDurable) {
      const vhost = this.name;
      this.#host.define({ kind: 'queue', vhost, name, number: queue.index.number, options });
    }
    return queue;
  }

  /**
   * Deletes a queue and returns its number of messages. A missing queue is not an error.
   *
   * @throws {BrokerError} `resource-locked`; `precondition-failed` if it is in use or not empty
   */
  deleteQueue(
    name: string,
    owner: object | undefined,
    how: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  ): number {
    const queue = this.queues.get(name);
    if (queue === undefined) return 0;
    queue.requireOwner(owner);
    const subject = describe('queue', name, this.name);
    if (how.ifUnused && queue.consumerCount > 0) {
      throw new BrokerError('precondition-failed', `${subject} in use`);
    }
    if (how.ifEmpty && queue.readyCount > 0) {
      throw new BrokerError('precondition-failed', `${subject} not empty`);
    }
    // As in RabbitMQ, the messages of a stream are not counted.
    const count = queue.settings.type === 'stream' ? 0 : queue.readyCount;
    this.removeQueue(queue);
    return count;
  }

  /** Removes a queue with its messages, bindings and consumers. */
  removeQueue(queue: Queue): void {
    if (this.queues.get(queue.name) !== queue) return;
    this.queues.delete(queue.name);
    this.exclusive.remove(queue);
    queue.end();
    if (queue.index.isDurable) {
      this.#host.define({ kind: 'queue-deleted', vhost: this.name, name: queue.name });
    }
    this.version++;
    this.#later(this.#unbind(queue));
  }

  /** Removes the exclusive queues of a closed connection, one per step. */
  *release(owner: object): Generator<void> {
    for (const queue of this.exclusive.of(owner)) {
      this.removeQueue(queue);
      yield;
    }
  }

  /** Binds a queue or exchange to an exchange. An existing binding is not changed. */
  bind(source: Exchange, destination: Destination, routingKey: string, args: Arguments): void {
    requireNotDefault(source.name);
    if (destination.kind === 'exchange') requireNotDefault(destination.name);
    source.routing.checkBinding?.(routingKey, args);
    const binding = { destination, routingKey, arguments: args };
    if (!this.#host.isRecovering) this.#requireNewBinding(source, binding);
    if (!source.bind(binding)) return;
    this.#sources.add(source, destination);
    this.#defineBinding('bound', source, binding);
    if (source.history !== undefined) this.#host.replay(this, source, destination);
  }

  #requireNewBinding(source: Exchange, binding: Binding): void {
    const { routingKey, arguments: args } = binding;
    const { argumentsBytesMax, bindingCountMax } = this.#host.limits;
    const subject = describe('exchange', source.name, this.name);
    requireAddressBytes(`routing key of a binding of ${subject}`, textBytes(routingKey));
    requireSmallArguments(args, `a binding of ${subject}`, argumentsBytesMax);
    if (source.hasBinding(binding)) return;
    this.#host.requireMemory('binding');
    if (source.bindingCount < bindingCountMax) return;
    const why = `binding limit of ${subject} (${bindingCountMax}) is reached`;
    throw new BrokerError('precondition-failed', `cannot bind: ${why}`);
  }

  /** Removes a binding. A missing binding is not an error. */
  unbind(source: Exchange, destination: Destination, routingKey: string, args: Arguments): void {
    requireNotDefault(source.name);
    const binding = { destination, routingKey, arguments: args };
    if (!source.unbind(binding)) return;
    if (!source.leadsTo(destination)) this.#sources.remove(source, destination);
    this.#defineBinding('unbound', source, binding);
    this.#deleteUnused(source);
  }

  #defineBinding(kind: 'bound' | 'unbound', source: Exchange, binding: Binding): void {
    this.version++;
    if (isDurableBinding(source, binding.destination)) {
      this.#host.define(bindingChange(kind, source, binding));
    }
  }

  /** Deletes all contents: cancels consumers and drops messages, in slices if there are many. */
  end(): void {
    this.version++;
    this.#hasEnded = true;
    const queues = [...this.queues.values()];
    this.queues.clear();
    for (const exchange of this.exchanges.values()) exchange.end();
    this.exchanges.clear();
    this.#sources.clear();
    this.exclusive.clear();
    this.#later(endAll(queues));
  }

  /** Yields the changes that recreate all durable contents. */
  *snapshot(): Iterable<Change> {
    const vhost = this.name;
    yield {
      kind: 'vhost',
      vhost,
      ...(this.metadata !== noMetadata && { metadata: this.metadata }),
    };
    yield* this.settings.snapshot();
    const { messagesDeletedFor: reason } = this;
    if (reason !== undefined) yield { kind: 'messages-deleted', vhost, reason };
    const exchanges = [...this.exchanges.values()].filter(({ options }) => options.durable);
    for (const { name, type, options } of exchanges) {
      if (isPredeclared(name)) continue;
      yield { kind: 'exchange', vhost, name, type: type.name, options };
    }
    for (const { name, index: queueIndex, options } of this.queues.values()) {
      if (queueIndex.isDurable)
        yield { kind: 'queue', vhost, name, number: queueIndex.number, options };
    }
    for (const source of exchanges) yield* durableBindings(source);
  }
}

function* endAll(queues: readonly Queue[]): Generator<void> {
  for (const queue of queues) {
    queue.end();
    yield;
  }
}
