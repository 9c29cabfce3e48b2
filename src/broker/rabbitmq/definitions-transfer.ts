// Export and import of definitions in RabbitMQ's format.

import type { Administration } from './administration.ts';
import type { JsonObject } from './model.ts';

/** Exports and imports definitions: the JSON that RabbitMQ's management API and tools exchange. */
export class DefinitionsTransfer {
  readonly #administration: Administration;

  constructor(administration: Administration) {
    this.#administration = administration;
  }

  /**
   * Yields the definitions of the broker in RabbitMQ's order, one object at a time: the section and
   * an entry of it. A caller that yields between the entries does not hold up the broker.
   *
   * @param vhost only the definitions of this virtual host, without users and permissions
   * @throws {BrokerError} `not-found` if the virtual host does not exist
   */
  *export(vhost?: string): Generator<readonly [section: DefinitionsSection, entry: JsonObject]> {
    throw new Error(`not yet: ${this.#administration} ${vhost}`);
  }

  /**
   * Imports definitions. Existing objects with the same names are kept or updated, and nothing is
   * deleted. Entries are applied one after the other over several turns of the event loop. If an
   * entry is refused, the ones before it remain.
   *
   * @param definitions the parsed JSON
   * @param vhost imports into this virtual host only: entries do not name theirs
   * @returns the number of entries
   * @throws {BrokerError} `precondition-failed` with the section, the entry and the reason
   */
  import(definitions: JsonObject, vhost?: string): Promise<number> {
    throw new Error(`not yet: ${definitions} ${vhost}`);
  }
}

/** The sections of definitions with lists. */
export const definitionsSections = [
  'users',
  'vhosts',
  'permissions',
  'topic_permissions',
  'parameters',
  'global_parameters',
  'policies',
  'queues',
  'exchanges',
  'bindings',
] as const;

/** One of {@link definitionsSections}. */
export type DefinitionsSection = (typeof definitionsSections)[number];
