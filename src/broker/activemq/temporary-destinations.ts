// Temporary queues and topics.

import { noArguments } from '../arguments.ts';
import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import type { Access } from '../users.ts';
import type { Vhost } from '../vhost.ts';
import { qualifiedName } from './destination.ts';
import type { Rights } from './rights/rights.ts';

/** The prefix of temporary queues, which other queues cannot have. */
const queuePrefix = 'amq.temporary.';

/** Maximum number of temporary topics of one connection. */
const topicCountMax = 10_000;

/** Returns the name of a temporary queue in the core. */
export function coreQueueName(name: string): string {
  return queuePrefix + name;
}

/** Returns the name of a temporary queue from its name in the core; undefined for other queues. */
export function temporaryQueueName(coreName: string): string | undefined {
  return coreName.startsWith(queuePrefix) ? coreName.slice(queuePrefix.length) : undefined;
}

/** Notified when a temporary destination begins or ends to exist. */
export type TemporaryListener = (address: Address, exists: boolean) => void;

/**
 * Destinations that end with the connection that created them. Other connections can send to them
 * but cannot consume from them.
 */
export class TemporaryDestinations {
  readonly #vhost: Vhost;
  readonly #rights: Rights;
  readonly #topicOwners = new Map<string, object>();
  readonly #topicsByOwner = new Map<object, Set<string>>();
  readonly #queuesByOwner = new Map<object, Set<string>>();
  readonly #listeners = new Set<TemporaryListener>();

  constructor(vhost: Vhost, rights: Rights) {
    this.#vhost = vhost;
    this.#rights = rights;
  }

  /**
   * Creates a destination. It is not an error if the owner has created it before.
   *
   * @throws {BrokerError} `access-refused`, `precondition-failed`, `resource-error`
   */
  create(address: Address, owner: object, access: Access): void {
    if (this.#ownerOf(address) === owner) return;
    this.#rights.require(access, 'create', address);
    if (this.has(address)) {
      throw new BrokerError('precondition-failed', `${qualifiedName(address)} exists already`);
    }
    if (address.kind === 'temporary-topic') this.#addTopic(address.name, owner);
    else {
      const options = { durable: false, exclusive: true, autoDelete: false };
      const name = coreQueueName(address.name);
      this.#vhost.declareFreeQueue(name, { ...options, arguments: noArguments }, owner);
      const own = this.#queuesByOwner.get(owner) ?? new Set();
      this.#queuesByOwner.set(owner, own.add(address.name));
    }
    this.#tell(address, true);
  }

  /** Adds a listener, for as long as the broker runs. */
  listen(listener: TemporaryListener): void {
    this.#listeners.add(listener);
  }

  #tell(address: Address, exists: boolean): void {
    for (const listener of this.#listeners) listener(address, exists);
  }

  /** The number of destinations of a connection. */
  countOf(owner: object): number {
    const topics = this.#topicsByOwner.get(owner)?.size ?? 0;
    return topics + (this.#queuesByOwner.get(owner)?.size ?? 0);
  }

  /** All temporary destinations of one kind. */
  *all(kind: Address['kind']): Generator<Address> {
    if (kind === 'temporary-topic')
      for (const name of this.#topicOwners.keys()) yield { kind, name };
    if (kind !== 'temporary-queue') return;
    for (const names of this.#queuesByOwner.values())
      for (const name of names) yield { kind, name };
  }

  /**
   * Removes a destination of a connection, even if it has consumers.
   *
   * @throws {BrokerError} `not-found`, `resource-locked`
   */
  remove(address: Address, owner: object): void {
    this.requireOwn(address, owner);
    this.delete(address, owner);
  }

  /** Deletes a destination, even if it has consumers. Has no effect if it is not the owner's. */
  delete(address: Address, owner: object): void {
    if (this.#ownerOf(address) !== owner) return;
    const { kind, name } = address;
    if (kind === 'temporary-topic') {
      this.#topicOwners.delete(name);
      this.#topicsByOwner.get(owner)?.delete(name);
    } else {
      this.#queuesByOwner.get(owner)?.delete(name);
      const queue = this.#vhost.queues.get(coreQueueName(name));
      if (queue !== undefined) this.#vhost.removeQueue(queue);
    }
    // Senders must look for it again.
    this.#vhost.version++;
    this.#tell(address, false);
  }

  #addTopic(name: string, owner: object): void {
    const own = this.#topicsByOwner.get(owner) ?? new Set();
    if (own.size >= topicCountMax) {
      const why = `a connection has at most ${topicCountMax} temporary topics`;
      throw new BrokerError('resource-error', why);
    }
    this.#topicsByOwner.set(owner, own.add(name));
    this.#topicOwners.set(name, owner);
  }

  has(address: Address): boolean {
    if (address.kind === 'temporary-topic') return this.#topicOwners.has(address.name);
    return this.#vhost.queues.has(coreQueueName(address.name));
  }

  #ownerOf({ kind, name }: Address): object | undefined {
    if (kind === 'temporary-topic') return this.#topicOwners.get(name);
    return this.#vhost.queues.get(coreQueueName(name))?.owner;
  }

  /**
   * Requires a destination to exist, for a sender.
   *
   * @throws {BrokerError} `not-found`
   */
  require(address: Address): void {
    if (this.has(address)) return;
    throw new BrokerError('not-found', `The destination ${qualifiedName(address)} does not exist.`);
  }

  /**
   * Requires a destination to belong to the connection, for a consumer.
   *
   * @throws {BrokerError} `not-found`, `resource-locked`
   */
  requireOwn(address: Address, owner: object): void {
    this.require(address);
    if (this.#ownerOf(address) === owner) return;
    const kind = address.kind === 'temporary-queue' ? 'queue' : 'topic';
    const why = `a temporary ${kind} created by another connection is not permitted`;
    throw new BrokerError('resource-locked', `Subscribing to ${why}`);
  }

  /**
   * Removes the topics of a connection that has ended, in steps. Its queues are removed by the
   * virtual host.
   */
  *release(owner: object): Generator<void> {
    const topics = this.#topicsByOwner.get(owner) ?? [];
    const queues = this.#queuesByOwner.get(owner) ?? [];
    this.#topicsByOwner.delete(owner);
    this.#queuesByOwner.delete(owner);
    this.#vhost.version++;
    for (const name of topics) {
      this.#topicOwners.delete(name);
      this.#tell({ kind: 'temporary-topic', name }, false);
      yield;
    }
    for (const name of queues) {
      this.#tell({ kind: 'temporary-queue', name }, false);
      yield;
    }
    this.#vhost.version++;
  }
}
