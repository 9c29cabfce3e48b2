// Queues, exchanges and bindings of a RabbitMQ broker.

import type { Broker } from '../broker.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Queue } from '../queue.ts';
import type { Access } from '../users.ts';
import type { Vhost } from '../vhost.ts';
import type {
  BindingDeclaration,
  BindingInfo,
  ExchangeDeclaration,
  QueueDeclaration,
} from './model.ts';

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

  #selected(vhost: string | undefined): Iterable<Vhost> {
    if (vhost === undefined) return this.#broker.vhosts.values();
    return [this.#broker.accounts.requireVhost(vhost)];
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
    throw new Error(`not yet: ${this.#broker.brokerName} ${vhost} ${name} ${asked} ${as}`);
  }

  /**
   * Deletes a queue.
   *
   * @returns the number of messages that it had
   * @throws {BrokerError} `not-found`; `precondition-failed` if it is in use or not empty
   */
  deleteQueue(
    vhost: string,
    name: string,
    how: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
    as?: Access,
  ): number {
    throw new Error(`not yet: ${vhost} ${name} ${how} ${as}`);
  }

  /** Removes all ready messages of a queue. Resolves with their number. */
  purgeQueue(vhost: string, name: string, as?: Access): Promise<number> {
    throw new Error(`not yet: ${vhost} ${name} ${as}`);
  }

  /** Declares an exchange as `exchange.declare` does. @returns whether it is new */
  declareExchange(vhost: string, name: string, asked: ExchangeDeclaration, as?: Access): boolean {
    throw new Error(`not yet: ${vhost} ${name} ${asked} ${as}`);
  }

  /** Deletes an exchange. @throws {BrokerError} `not-found`, `precondition-failed` */
  deleteExchange(
    vhost: string,
    name: string,
    how: { readonly ifUnused: boolean },
    as?: Access,
  ): void {
    throw new Error(`not yet: ${vhost} ${name} ${how} ${as}`);
  }

  /**
   * Binds a queue or exchange to an exchange.
   *
   * @returns the binding
   * @throws {BrokerError} `not-found`, `access-refused`, `precondition-failed`
   */
  bind(vhost: string, asked: BindingDeclaration, as?: Access): BindingInfo {
    throw new Error(`not yet: ${vhost} ${asked} ${as}`);
  }

  /** Removes the binding with these ends and properties key. @throws {BrokerError} `not-found` */
  unbind(
    vhost: string,
    ends: Required<BindingFilter>,
    propertiesKey: string,
    as?: Access,
  ): void {
    throw new Error(`not yet: ${vhost} ${ends} ${propertiesKey} ${as}`);
  }

  /**
   * The bindings of a virtual host, including the implicit ones of the default exchange.
   *
   * @throws {BrokerError} `not-found`
   */
  *bindings(vhost: string, filter: BindingFilter = {}): Generator<BindingInfo> {
    throw new Error(`not yet: ${vhost} ${filter}`);
  }
}
