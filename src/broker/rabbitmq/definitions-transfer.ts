// Export and import of definitions in RabbitMQ's format.

import { BrokerError } from '../errors.ts';
import type { Administration } from './administration.ts';
import { exportedSections } from './definitions/exported-definitions.ts';
import { importEntry } from './definitions/imported-definitions.ts';
import type { JsonObject, JsonValue } from './model.ts';

/** The sections of definitions with lists, in the order of an import. */
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

/** Entries that are imported in one turn of the event loop. */
const entriesPerTurn = 20;

/** Exports and imports definitions: the JSON that RabbitMQ's management API and tools exchange. */
export class DefinitionsTransfer {
  readonly #administration: Administration;

  constructor(administration: Administration) {
    this.#administration = administration;
  }

  /**
   * Yields the definitions of the broker in RabbitMQ's order, one object at a time: the section and
   * an entry of it. A caller that pauses between the entries does not hold up the broker.
   *
   * @param vhost only the definitions of this virtual host, without users and permissions
   * @throws {BrokerError} `not-found` if the virtual host does not exist
   */
  *export(vhost?: string): Generator<readonly [section: DefinitionsSection, entry: JsonObject]> {
    yield* exportedSections(this.#administration, vhost);
  }

  /**
   * Imports definitions. Existing objects with the same names are kept or updated, and nothing is
   * deleted. Entries are applied one after the other over several turns of the event loop. If an
   * entry is refused, the ones before it remain. Nobody is locked out by it: an entry without a password
   * does not change that of an existing user, and the user that imports keeps its own and its rights.
   *
   * @param definitions the parsed JSON
   * @param vhost imports into this virtual host only: entries need not name theirs
   * @param importer the user that imports; undefined for the operator
   * @returns the number of entries, once they are on disk
   * @throws {BrokerError} with the section, the number of the entry, and the reason
   */
  async import(definitions: JsonObject, vhost?: string, importer?: string): Promise<number> {
    let count = 0;
    if (vhost !== undefined) this.#administration.broker.accounts.requireVhost(vhost);
    for (const section of definitionsSections) {
      const entries = entriesOf(definitions, section);
      if (vhost !== undefined && isGlobal(section)) continue;
      for (const [index, entry] of entries.entries()) {
        await this.#import(section, index, entry, { vhost, importer });
        if (++count % entriesPerTurn === 0) await nextTurn();
      }
    }
    await this.#administration.synced();
    return count;
  }

  async #import(
    section: DefinitionsSection,
    index: number,
    entry: JsonValue,
    {
      vhost,
      importer,
    }: { readonly vhost: string | undefined; readonly importer: string | undefined },
  ): Promise<void> {
    try {
      await importEntry(this.#administration, section, entry, vhost, importer);
    } catch (cause) {
      if (!(cause instanceof BrokerError)) throw cause;
      const text = `${section}, entry ${index + 1}: ${cause.message}`;
      throw new BrokerError(cause.code, text, { cause });
    }
  }
}

/** Sections that concern the whole broker. */
function isGlobal(section: DefinitionsSection): boolean {
  const sections = ['users', 'vhosts', 'permissions', 'topic_permissions', 'global_parameters'];
  return sections.includes(section);
}

function entriesOf(definitions: JsonObject, section: DefinitionsSection): readonly JsonValue[] {
  const found = definitions[section] ?? [];
  if (Array.isArray(found)) return found;
  throw new BrokerError('precondition-failed', `the section ${section} is not a list`);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
