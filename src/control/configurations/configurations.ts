// The journal of configurations.

import { assert } from '../../base/assert.ts';
import type { Entry, Journal } from '../../storage/journal.ts';
import { ControlError } from '../errors.ts';
import type {
  ConfigurationChange,
  ConfigurationRecord,
  RevisionRecord,
} from './configuration-record.ts';

/** A configuration with its revisions. */
export interface Configuration extends ConfigurationRecord {
  readonly latest: RevisionRecord;
}

interface Entries {
  record: ConfigurationRecord;
  /** In order: revision n has index n - 1. */
  readonly revisions: RevisionRecord[];
}

/** The journal of configurations with all of their revisions. */
export class Configurations implements Journal<ConfigurationChange> {
  readonly name = 'mq-configurations';
  readonly #byId = new Map<string, Entries>();
  #textBytes = 0;

  /** Size of the texts of all revisions, in bytes. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** Number of configurations. */
  get count(): number {
    return this.#byId.size;
  }

  apply(change: ConfigurationChange): void {
    if ('created' in change) {
      this.#remove(change.created.id);
      this.#byId.set(change.created.id, { record: change.created, revisions: [] });
    } else if ('revised' in change) this.#revise(change.revised, change.revision);
    else if ('tagged' in change) {
      const entries = this.#byId.get(change.tagged);
      if (entries) entries.record = { ...entries.record, tags: change.tags };
    } else this.#remove(change.removed);
  }

  #revise(id: string, revision: RevisionRecord): void {
    const revisions = this.#byId.get(id)?.revisions;
    // Changes of a deleted configuration, and revisions that are already known, are ignored.
    if (revisions === undefined || revision.revision !== revisions.length + 1) return;
    revisions.push(revision);
    this.#textBytes += Buffer.byteLength(revision.text);
  }

  #remove(id: string): void {
    const entries = this.#byId.get(id);
    if (entries === undefined) return;
    this.#byId.delete(id);
    for (const { text } of entries.revisions) this.#textBytes -= Buffer.byteLength(text);
  }

  /**
   * Returns one change for each revision, because one change with all of them could be too large.
   */
  *snapshot(): Iterable<ConfigurationChange> {
    for (const { record, revisions } of this.#byId.values()) {
      yield { created: record };
      for (const revision of revisions) yield { revised: record.id, revision };
    }
  }

  /** Returns a change of this journal for a commit. */
  entry(change: ConfigurationChange): Extract<Entry, { journal: string }> {
    return { journal: this.name, change };
  }

  get(id: string): Configuration | undefined {
    const entries = this.#byId.get(id);
    if (entries === undefined) return undefined;
    const latest = entries.revisions.at(-1);
    assert(latest !== undefined, `configuration ${id} has a revision`);
    return { ...entries.record, latest };
  }

  /** @throws {ControlError} 'not-found' */
  require(id: string): Configuration {
    const configuration = this.get(id);
    if (configuration !== undefined) return configuration;
    throw unknownConfiguration(id);
  }

  /**
   * Returns the configuration with an ARN.
   *
   * @throws {ControlError} 'not-found'
   */
  requireArn(arn: string): Configuration {
    const configuration = this.get(arn.slice(arn.lastIndexOf(':') + 1));
    if (configuration?.arn === arn) return configuration;
    throw unknownConfiguration(arn, 'resource-arn');
  }

  /** Returns a revision; undefined if it does not exist. */
  revision(id: string, revision: number): RevisionRecord | undefined {
    return this.#byId.get(id)?.revisions[revision - 1];
  }

  /** Returns all revisions of a configuration, oldest first. @throws {ControlError} 'not-found' */
  revisions(id: string): readonly RevisionRecord[] {
    this.require(id);
    return this.#byId.get(id)?.revisions ?? [];
  }

  /** Returns all configurations in the order of their creation. */
  all(): Configuration[] {
    return [...this.#byId.keys()].map((id) => this.require(id));
  }

  withName(name: string): ConfigurationRecord | undefined {
    for (const { record } of this.#byId.values()) if (record.name === name) return record;
    return undefined;
  }
}

function unknownConfiguration(id: string, attribute = 'configuration_id'): ControlError {
  return new ControlError('not-found', unknownConfigurationText(id), attribute);
}

/** The error text for a configuration that does not exist. */
export function unknownConfigurationText(id: string): string {
  return `Can't find requested configuration [${id}]. Make sure your configuration exists.`;
}
