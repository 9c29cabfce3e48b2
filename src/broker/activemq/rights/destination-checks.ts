// Checks of permissions at each use of a destination.

import type { Address } from '../../conversion/properties.ts';
import type { Queue } from '../../queue.ts';
import type { Access } from '../../users.ts';
import type { Vhost } from '../../vhost.ts';
import type { Advising } from '../advisories/advising.ts';
import { isTemporary, listedName } from '../destination.ts';
import type { SendTarget } from '../send-target.ts';
import type { TemporaryDestinations } from '../temporary-destinations.ts';
import type { VirtualTopics } from '../virtual/virtual-topics.ts';
import type { Rights } from './rights.ts';

/** Maximum number of topics that exist without a permission to create them. */
const topicCountMax = 100_000;

/** The parts of the broker that are needed here. */
export interface CheckHost {
  readonly vhost: Pick<Vhost, 'queues'>;
  readonly rights: Rights;
  readonly temporaries: TemporaryDestinations;
  /** Returns the topics of a subscription. */
  topicsOf(subscription: Queue): Iterable<Address>;
  readonly advising: Advising;
  readonly virtualTopics: Pick<VirtualTopics, 'standsForOthers'>;
}

/**
 * Checks permissions before destinations are used. A destination that does not exist is created by
 * its first use, which requires another permission.
 */
export class DestinationChecks {
  readonly #host: CheckHost;
  /**
   * The topics that have been used since the broker started, if permissions are restricted. Topics
   * beyond the limit never exist.
   */
  readonly #topics = new Set<string>();

  constructor(host: CheckHost) {
    this.#host = host;
  }

  /** The topics of a durable subscription exist after a restart. */
  remember(subscription: Queue): void {
    if (!this.#host.rights.areRestricted) return;
    for (const { kind, name } of this.#host.topicsOf(subscription)) {
      if (kind === 'topic') this.#add(name);
    }
  }

  /** A topic was removed, so that its next use requires the permission to create it. */
  forget({ kind, name }: Address): void {
    if (kind === 'topic') this.#topics.delete(name);
  }

  #add(topic: string): void {
    if (this.#topics.size < topicCountMax) this.#topics.add(topic);
  }

  /**
   * Requires the permission to send, and for a topic the permission to create it if it does not
   * exist.
   *
   * @throws {BrokerError} `access-refused`; `not-found` for a temporary destination
   */
  requireSending({ address, shown }: SendTarget, access: Access): void {
    const { rights, temporaries } = this.#host;
    rights.require(access, 'write', address, shown);
    if (isTemporary(address)) temporaries.require(address);
    else if (address.kind === 'topic') this.useTopic(address, access);
  }

  /**
   * Requires the permissions to consume: to read the destinations, and to create those that do not
   * exist.
   *
   * @param owner the connection
   * @throws {BrokerError} `access-refused`; `not-found`, `resource-locked` for a temporary
   *   destination
   */
  requireConsumption(addresses: readonly Address[], access: Access, owner: object): void {
    const { rights, temporaries } = this.#host;
    const shown = listedName(addresses);
    for (const address of addresses) {
      rights.require(access, 'read', address, shown);
      if (isTemporary(address)) temporaries.requireOwn(address, owner);
    }
    // All are checked before the first is created.
    for (const address of addresses) {
      if (!this.#exists(address)) rights.require(access, 'create', address);
    }
    for (const address of addresses) if (address.kind === 'topic') this.useTopic(address, access);
  }

  /** Whether a destination needs no permission to be created. */
  #exists(address: Address): boolean {
    if (isTemporary(address) || this.#host.virtualTopics.standsForOthers(address)) return true;
    const { kind, name } = address;
    return kind === 'queue' ? this.#host.vhost.queues.has(name) : this.#topics.has(name);
  }

  /**
   * Requires the permission to create a topic if it does not exist.
   *
   * @throws {BrokerError} `access-refused`
   */
  useTopic(address: Address, access: Access): void {
    const { rights, advising } = this.#host;
    if (rights.areRestricted && !this.#exists(address)) {
      rights.require(access, 'create', address);
      this.#add(address.name);
    }
    advising.destination(address, true);
  }

  /**
   * Requires the permission to read the topics of a durable subscription, so that a user cannot
   * delete messages that it is not permitted to consume.
   *
   * @param subscription undefined if it does not exist, which is not an error
   * @throws {BrokerError} `access-refused`
   */
  requireSubscription(subscription: Queue | undefined, access: Access): void {
    if (subscription === undefined) return;
    for (const address of this.#host.topicsOf(subscription)) {
      this.#host.rights.require(access, 'read', address);
    }
  }
}
