// Queues, exchanges and bindings of a RabbitMQ broker.

import type { Arguments } from '../arguments.ts';
import type { Broker } from '../broker.ts';
import { BrokerError, describe } from '../errors.ts';
import type { Binding, Destination } from '../exchanges/binding.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Queue } from '../queue.ts';
import type { Access } from '../users.ts';
import type { Vhost } from '../vhost.ts';
import { argumentsFromJson, argumentsToJson } from './json-arguments.ts';
import type {
  BindingDeclaration,
  BindingInfo,
  ExchangeDeclaration,
  JsonObject,
  QueueDeclaration,
} from './model.ts';
import {
  requireBinding,
  requireDeclarable,
  requireExchangeDeclaration,
  requireQueueDeclaration,
} from './permission-checks.ts';
import { refusalOf, refusedForQueue } from './personality.ts';
import { propertiesKey } from './properties-key.ts';

/** Selects bindings. What is left out matches any. */
export interface BindingFilter {
  readonly source?: string;
  readonly destinationType?: 'queue' | 'exchange';
  readonly destination?: string;
}

/**
 * Declares, deletes and lists queues, exchanges and bindings. Requests on behalf of a user pass the
 * access of the user, whose permissions are then required as for the same AMQP 0-9-1 method.
 */
export class TopologyAdministration {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  #vhost(name: string): Vhost {
    return this.#broker.accounts.requireVhost(name);
  }

  #selected(vhost: string | undefined): Iterable<Vhost> {
    return vhost === undefined ? this.#broker.vhosts.values() : [this.#vhost(vhost)];
  }

  #arguments(json: JsonObject, subject: string): Arguments {
    return argumentsFromJson(json, subject, this.#broker.limits.argumentsBytesMax);
  }

  /** The queues of all virtual hosts or of one. @throws {BrokerError} `not-found` */
  *queues(vhost?: string): Generator<Queue> {
    for (const { queues } of this.#selected(vhost)) yield* queues.values();
  }

  /** The exchanges of all virtual hosts or of one. @throws {BrokerError} `not-found` */
  *exchanges(vhost?: string): Generator<Exchange> {
    for (const { exchanges } of this.#selected(vhost)) yield* exchanges.values();
  }

  /**
   * Declares a queue as `queue.declare` does.
   *
   * @returns whether it is new
   * @throws {BrokerError} `not-found` without the virtual host; `precondition-failed` if it exists
   *   with other properties or an argument is invalid; `access-refused`, `resource-locked`
   */
  declareQueue(vhost: string, name: string, asked: QueueDeclaration, as?: Access): boolean {
    const found = this.#vhost(vhost);
    const { durable, autoDelete } = asked;
    if (name === '') throw new BrokerError('precondition-failed', 'a queue name is empty');
    const args = this.#arguments(asked.arguments, describe('queue', name, vhost));
    if (as !== undefined) requireQueueDeclaration(as, found, name, args);
    const isNew = !found.queues.has(name);
    const options = { durable, autoDelete, exclusive: false, arguments: args };
    const refused = isNew && refusedForQueue(this.#broker.personality, options);
    if (refused) throw new BrokerError('precondition-failed', refusalOf(refused));
    // An owner that no connection is.
    found.declareQueue(name, options, this).touch();
    return isNew;
  }

  /**
   * Deletes a queue.
   *
   * @returns the number of messages that it had
   * @throws {BrokerError} `not-found`; `precondition-failed` if it is in use or not empty;
   *   `access-refused`, `resource-locked`
   */
  deleteQueue(
    vhost: string,
    name: string,
    how: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
    as?: Access,
  ): number {
    const found = this.#vhost(vhost);
    as?.require('configure', 'queue', name);
    found.queue(name, this);
    return found.deleteQueue(name, this, how);
  }

  /**
   * Removes all ready messages of a queue. Resolves with their number once that is in the log.
   *
   * @throws {BrokerError} `not-found`, `access-refused`, `resource-locked`
   */
  async purgeQueue(vhost: string, name: string, as?: Access): Promise<number> {
    as?.require('read', 'queue', name);
    const queue = this.#vhost(vhost).queue(name, this);
    const purged = new Promise<number>((resolve) => queue.purge(resolve));
    this.#broker.pump();
    return await purged;
  }

  /**
   * Declares an exchange as `exchange.declare` does.
   *
   * @returns whether it is new
   * @throws {BrokerError} like {@link declareQueue}
   */
  declareExchange(vhost: string, name: string, asked: ExchangeDeclaration, as?: Access): boolean {
    const found = this.#vhost(vhost);
    const { type, durable, autoDelete, internal } = asked;
    const args = this.#arguments(asked.arguments, describe('exchange', name, vhost));
    as?.require('configure', 'exchange', name);
    requireDeclarable(type);
    if (as !== undefined) requireExchangeDeclaration(as, found, name, args);
    const isNew = !found.exchanges.has(name);
    found.declareExchange(name, type, { durable, autoDelete, internal, arguments: args });
    return isNew;
  }

  /**
   * Deletes an exchange.
   *
   * @throws {BrokerError} `not-found`; `precondition-failed` if it is in use; `access-refused`
   */
  deleteExchange(
    vhost: string,
    name: string,
    how: { readonly ifUnused: boolean },
    as?: Access,
  ): void {
    const found = this.#vhost(vhost);
    as?.require('configure', 'exchange', name);
    found.exchange(name);
    found.deleteExchange(name, how);
  }

  /**
   * Binds a queue or exchange to an exchange. An existing binding is not changed.
   *
   * @returns the binding
   * @throws {BrokerError} `not-found`, `access-refused`, `precondition-failed`
   */
  bind(vhost: string, asked: BindingDeclaration, as?: Access): BindingInfo {
    const found = this.#vhost(vhost);
    const { source, destinationType: kind, destination, routingKey } = asked;
    const args = this.#arguments(asked.arguments, `a binding of exchange '${source}'`);
    if (as !== undefined) requireBinding(as, found, { source, kind, destination, routingKey });
    const binding = {
      destination: this.#destination(found, kind, destination),
      routingKey,
      arguments: args,
    };
    const from = found.exchange(source);
    found.bind(from, binding.destination, routingKey, args);
    return infoOf(from, binding);
  }

  /**
   * Removes the binding with these ends and properties key.
   *
   * @throws {BrokerError} `not-found`, `access-refused`
   */
  unbind(vhost: string, ends: Required<BindingFilter>, key: string, as?: Access): void {
    const found = this.#vhost(vhost);
    const { source, destinationType: kind, destination } = ends;
    const from = found.exchange(source);
    const to = this.#destination(found, kind, destination);
    for (const binding of from.bindingsTo(to)) {
      if (propertiesKey(binding) !== key) continue;
      this.removeBinding(vhost, source, binding, as);
      return;
    }
    throw new BrokerError('not-found', `no binding '${key}' to ${kind} '${destination}'`);
  }

  /**
   * Removes a binding. A missing one is not an error.
   *
   * @param source the name of its exchange
   * @throws {BrokerError} `not-found`, `access-refused`, `resource-locked`
   */
  removeBinding(vhost: string, source: string, binding: Binding, as?: Access): void {
    const found = this.#vhost(vhost);
    const { destination: to, routingKey, arguments: args } = binding;
    const { kind, name: destination } = to;
    if (as !== undefined) requireBinding(as, found, { source, kind, destination, routingKey });
    if (to.kind === 'queue') to.requireOwner(this);
    found.unbind(found.exchange(source), to, routingKey, args);
  }

  #destination(vhost: Vhost, kind: 'queue' | 'exchange', name: string): Destination {
    return kind === 'queue' ? vhost.queue(name, this) : vhost.exchange(name);
  }

  /**
   * The bindings of a virtual host, including the implicit ones of the default exchange.
   *
   * @throws {BrokerError} `not-found`
   */
  *bindings(vhost: string, filter: BindingFilter = {}): Generator<BindingInfo> {
    const found = this.#vhost(vhost);
    const { source, destinationType, destination } = filter;
    if ((source ?? '') === '' && destinationType !== 'exchange') {
      yield* implicitBindings(found, destination);
    }
    const from = source === undefined ? found.exchanges.values() : [found.exchanges.get(source)];
    for (const exchange of from) {
      if (exchange === undefined) continue;
      for (const binding of selectedBindings(found, exchange, filter)) {
        yield infoOf(exchange, binding);
      }
    }
  }
}

function* implicitBindings(vhost: Vhost, only: string | undefined): Generator<BindingInfo> {
  const names = only === undefined ? vhost.queues.keys() : vhost.queues.has(only) ? [only] : [];
  for (const name of names) {
    yield {
      vhost: vhost.name,
      source: '',
      destinationType: 'queue',
      destination: name,
      routingKey: name,
      arguments: {},
      propertiesKey: propertiesKey({ routingKey: name, arguments: {} }),
    };
  }
}

function* selectedBindings(
  vhost: Vhost,
  source: Exchange,
  { destinationType, destination }: BindingFilter,
): Generator<Binding> {
  if (destination === undefined || destinationType === undefined) {
    for (const binding of source.bindings()) {
      const { kind, name, isDeleted } = binding.destination;
      const isOther = destinationType !== undefined && destinationType !== kind;
      if (isDeleted || isOther || (destination !== undefined && destination !== name)) continue;
      yield binding;
    }
    return;
  }
  const targets = destinationType === 'queue' ? vhost.queues : vhost.exchanges;
  const target = targets.get(destination);
  if (target !== undefined) yield* source.bindingsTo(target);
}

function infoOf(source: Exchange, binding: Binding): BindingInfo {
  const { destination, routingKey } = binding;
  return {
    vhost: source.vhost,
    source: source.name,
    destinationType: destination.kind,
    destination: destination.name,
    routingKey,
    arguments: argumentsToJson(binding.arguments),
    propertiesKey: propertiesKey(binding),
  };
}
