// Runtime parameters of a RabbitMQ broker.

import type { Broker } from '../broker.ts';
import type { GlobalParameterEntry, JsonValue, ParameterEntry } from './model.ts';

/**
 * Lists and changes runtime parameters, such as shovels and federation upstreams, and global
 * parameters. They are stored; other parts of the program give them their effect.
 */
export class ParameterAdministration {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /**
   * The parameters of all virtual hosts, or those of a component or virtual host.
   *
   * @throws {BrokerError} `not-found` if the virtual host does not exist
   */
  *list(of: { component?: string; vhost?: string } = {}): Generator<ParameterEntry> {
    if (of.vhost !== undefined) this.#broker.accounts.requireVhost(of.vhost);
    for (const entry of this.#broker.parameters.all()) {
      if (of.component !== undefined && of.component !== entry.component) continue;
      if (of.vhost === undefined || of.vhost === entry.vhost) yield entry;
    }
  }

  /** @returns undefined if it does not exist */
  get(vhost: string, component: string, name: string): ParameterEntry | undefined {
    return this.#broker.parameters.get(vhost, component, name);
  }

  /**
   * Creates or replaces a parameter.
   *
   * @returns whether it is new
   * @throws {BrokerError} `not-found` if the virtual host does not exist; `precondition-failed` for
   *   an unknown component, a value that is too large, or too many parameters
   */
  put({ vhost, component, name, value }: ParameterEntry): boolean {
    this.#broker.accounts.requireVhost(vhost);
    const isNew = this.get(vhost, component, name) === undefined;
    this.#broker.parameters.put({ vhost, component, name, value });
    return isNew;
  }

  /** Deletes a parameter. @throws {BrokerError} `not-found` */
  delete(vhost: string, component: string, name: string): void {
    this.#broker.accounts.requireVhost(vhost);
    this.#broker.parameters.delete(vhost, component, name);
  }

  /** All global parameters, such as `cluster_name`. */
  globals(): Iterable<GlobalParameterEntry> {
    return this.#broker.parameters.globals();
  }

  /** @returns undefined if it does not exist */
  global(name: string): GlobalParameterEntry | undefined {
    return this.#broker.parameters.global(name);
  }

  /**
   * Creates or replaces a global parameter.
   *
   * @returns whether it is new
   * @throws {BrokerError} `precondition-failed`
   */
  putGlobal(name: string, value: JsonValue): boolean {
    const isNew = this.global(name) === undefined;
    this.#broker.parameters.putGlobal(name, value);
    return isNew;
  }

  /** Deletes a global parameter. @throws {BrokerError} `not-found` */
  deleteGlobal(name: string): void {
    this.#broker.parameters.deleteGlobal(name);
  }
}
