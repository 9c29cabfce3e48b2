import { noArguments } from '../arguments.ts';
import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import type { Vhost } from '../vhost.ts';
import { qualifiedName } from './destination.ts';

/** Temporary queues have names that no other queue can have. */
const queuePrefix = 'amq.temporary.';

/** Temporary topics of one connection. */
const topicCountMax = 10_000;

/** The core's name of a temporary queue. */
export function coreQueueName(name: string): string {
  return queuePrefix + name;
}

/** The name of a temporary queue by its core's name; undefined for another queue. */
export function temporaryQueueName(coreName: string): string | undefined {
  return coreName.startsWith(queuePrefix) ? coreName.slice(queuePrefix.length) : undefined;
}

/** Destinations that end with the connection that made them. Others may send to them, not consume. */
export class TemporaryDestinations {
  readonly #vhost: Vhost;
  readonly #topicOwners = new Map<string, object>();
  readonly #topicsByOwner = new Map<object, Set<string>>();

  constructor(vhost: Vhost) {
    this.#vhost = vhost;
  }

  /**
   * Makes one; the owner's own that is there already is no error.
   *
   * @throws {BrokerError} `precondition-failed`, `resource-error`
   */
  create(address: Address, owner: object): void {
    if (this.#ownerOf(address) === owner) return;
    if (this.has(address)) {
      throw new BrokerError('precondition-failed', `${qualifiedName(address)} exists already`);
    }
    if (address.kind === 'temporary-topic') this.#addTopic(address.name, owner);
    else {
      const options = { durable: false, exclusive: true, autoDelete: false };
      const name = coreQueueName(address.name);
      this.#vhost.declareFreeQueue(name, { ...options, arguments: noArguments }, owner);
    }
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
   * Requires a destination to be there, for a sender.
   *
   * @throws {BrokerError} `not-found`
   */
  require(address: Address): void {
    if (this.has(address)) return;
    throw new BrokerError('not-found', `the destination ${qualifiedName(address)} does not exist.`);
  }

  /**
   * Requires a destination to be the connection's own, for a consumer.
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

  /** Forgets the topics of a connection that has ended; its queues are the virtual host's to remove. */
  release(owner: object): void {
    for (const name of this.#topicsByOwner.get(owner) ?? []) this.#topicOwners.delete(name);
    this.#topicsByOwner.delete(owner);
  }
}
