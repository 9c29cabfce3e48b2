// Virtual hosts of a RabbitMQ broker.

import type { Broker } from '../broker.ts';
import { BrokerError } from '../errors.ts';
import { type VhostLimitName, vhostLimitNames } from '../settings/settings.ts';
import type { Vhost } from '../vhost.ts';
import type { VhostMetadata } from '../vhosts/vhost-metadata.ts';
import type { VhostInfo } from './model.ts';

/** The limits that are set, by name. */
export type VhostLimits = Partial<Record<VhostLimitName, number>>;

/** Lists and changes virtual hosts. */
export class VhostAdministration {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** All virtual hosts in the order of their creation. */
  *list(): Generator<VhostInfo> {
    for (const vhost of this.#broker.vhosts.values()) yield infoOf(vhost);
  }

  /** @returns undefined if it does not exist */
  get(name: string): VhostInfo | undefined {
    const vhost = this.#broker.vhosts.get(name);
    return vhost && infoOf(vhost);
  }

  /**
   * Creates a virtual host, or changes the metadata of an existing one. What is left out keeps its
   * value. Nobody has permissions in a new virtual host.
   *
   * @returns whether it is new
   * @throws {BrokerError} `precondition-failed` for a name or metadata that are too long, or if
   *   there are too many virtual hosts
   */
  put(name: string, metadata: Partial<VhostMetadata> = {}): boolean {
    const isNew = !this.#broker.vhosts.has(name);
    this.#broker.accounts.putVhost(name, metadata);
    return isNew;
  }

  /**
   * Deletes a virtual host with its contents and permissions, and disconnects its clients. The
   * removal of many messages and connections continues in the background.
   *
   * @throws {BrokerError} `not-found`; `precondition-failed` if it is protected from deletion
   */
  delete(name: string): void {
    const { metadata } = this.#broker.accounts.requireVhost(name);
    if (metadata.isProtected === true) {
      throw new BrokerError(
        'precondition-failed',
        `Refusing to delete virtual host '${name}' because it is protected from deletion`,
      );
    }
    this.#broker.accounts.deleteVhost(name);
  }

  /**
   * Begins or ends to protect a virtual host from deletion.
   *
   * @throws {BrokerError} `not-found`
   */
  protect(name: string, isProtected: boolean): void {
    this.#broker.accounts.requireVhost(name);
    this.#broker.accounts.putVhost(name, { isProtected });
  }

  /**
   * Begins or ends to trace messages to the exchange `amq.rabbitmq.trace`. It is off after a start.
   *
   * @throws {BrokerError} `not-found`
   */
  setTracing(name: string, isTracing: boolean): void {
    this.#broker.accounts.requireVhost(name).isTracing = isTracing;
  }

  /** The limits of a virtual host. @throws {BrokerError} `not-found` */
  limits(name: string): VhostLimits {
    const { settings } = this.#broker.accounts.requireVhost(name);
    const found: VhostLimits = {};
    for (const limit of vhostLimitNames) {
      const value = settings.limit(limit);
      if (value !== Infinity) found[limit] = value;
    }
    return found;
  }

  /**
   * Sets a limit. Existing connections and queues above it remain.
   *
   * @param name a {@link VhostLimitName}
   * @param value a whole number; negative for no limit
   * @throws {BrokerError} `not-found`, `precondition-failed`
   */
  setLimit(vhost: string, name: string, value: number): void {
    const { settings } = this.#broker.accounts.requireVhost(vhost);
    settings.setLimit(settings.limitName(name), value);
  }

  /** Removes a limit. @throws {BrokerError} `not-found`, `precondition-failed` */
  clearLimit(vhost: string, name: string): void {
    this.setLimit(vhost, name, -1);
  }
}

function infoOf({ name, metadata, isTracing }: Vhost): VhostInfo {
  return { name, ...metadata, isTracing };
}
