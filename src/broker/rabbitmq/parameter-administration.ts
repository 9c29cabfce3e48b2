// Runtime parameters of a RabbitMQ broker.

import { movedParameter, readMoved } from '../accounts/moved.ts';
import type { Broker } from '../broker.ts';
import { BrokerError } from '../errors.ts';
import type { GlobalParameterEntry, JsonValue, ParameterEntry } from './model.ts';
import { shovelComponent } from './parameters.ts';
import { hasMasked, maskUris, unmaskUris } from './shovels/amqp-uri.ts';

/**
 * Lists and changes runtime parameters, such as shovels and federation upstreams, and global
 * parameters. They are stored; other parts of the program give them their effect.
 *
 * Passwords of URIs are masked in all values that are read here. A masked value can be written again:
 * it keeps the stored password.
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
      if (of.vhost === undefined || of.vhost === entry.vhost) yield masked(entry);
    }
  }

  /** @returns undefined if it does not exist */
  get(vhost: string, component: string, name: string): ParameterEntry | undefined {
    const entry = this.#broker.parameters.get(vhost, component, name);
    return entry && masked(entry);
  }

  /**
   * Creates or replaces a parameter.
   *
   * @param options `acceptsMasked`: whether a URI may have a masked password that is not known. Its
   *   shovel does not run; imported definitions should not fail because of it
   * @returns whether it is new
   * @throws {BrokerError} `not-found` if the virtual host does not exist; `precondition-failed` for
   *   an unknown component, a value that is too large, or too many parameters
   */
  put(entry: ParameterEntry, { acceptsMasked = false } = {}): boolean {
    const { vhost, component, name } = entry;
    this.#broker.accounts.requireVhost(vhost);
    const stored = this.#broker.parameters.get(vhost, component, name);
    const value = unmaskUris(entry.value, stored?.value);
    if (!acceptsMasked && component === shovelComponent && hasMasked(value)) {
      const why = 'is masked, and no stored shovel of this name has the same URI';
      throw new BrokerError('precondition-failed', `the password of a URI of ${name} ${why}`);
    }
    this.#broker.parameters.put({ vhost, component, name, value });
    return stored === undefined;
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
   * Creates or replaces a global parameter. The one of a moved broker disconnects its clients.
   *
   * @returns whether it is new
   * @throws {BrokerError} `precondition-failed`
   */
  putGlobal(name: string, value: JsonValue): boolean {
    const isNew = this.global(name) === undefined;
    if (name === movedParameter) readMoved(value);
    this.#broker.parameters.putGlobal(name, value);
    if (name === movedParameter) this.#broker.accounts.disconnectMoved();
    return isNew;
  }

  /** Deletes a global parameter. @throws {BrokerError} `not-found` */
  deleteGlobal(name: string): void {
    this.#broker.parameters.deleteGlobal(name);
  }
}

function masked(entry: ParameterEntry): ParameterEntry {
  return { ...entry, value: maskUris(entry.value) };
}
