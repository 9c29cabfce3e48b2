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
  /** In order: revision n is at n - 1. */
  readonly revisions: RevisionRecord[];
}

/** The journal of configurations: each with all of its revisions. */
export class Configurations implements Journal<ConfigurationChange> {
  readonly name = 'mq-configurations';
  readonly #byId = new Map<string, Entries>();
  #textBytes = 0;

  /** Bytes of the texts of all revisions. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** How many configurations there are. */
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
    // What is about a configuration that is gone by now, or is known already, no longer matters.
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

  /** One change for each revision, because all of them together may be large. */
  *snapshot(): Iterable<ConfigurationChange> {
    for (const { record, revisions } of this.#byId.values()) {
      yield { created: record };
      for (const revision of revisions) yield { revised: record.id, revision };
    }
  }

  /** A change of this journal, ready to be committed. */
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
   * The configuration that an ARN names.
   *
   * @throws {ControlError} 'not-found'
   */
  requireArn(arn: string): Configuration {
    const configuration = this.get(arn.slice(arn.lastIndexOf(':') + 1));
    if (configuration?.arn === arn) return configuration;
    throw unknownConfiguration(arn, 'resource-arn');
  }

  /** One revision, undefined where there is none. */
  revision(id: string, revision: number): RevisionRecord | undefined {
    return this.#byId.get(id)?.revisions[revision - 1];
  }

  /** All revisions of a configuration, oldest first. @throws {ControlError} 'not-found' */
  revisions(id: string): readonly RevisionRecord[] {
    this.require(id);
    return this.#byId.get(id)?.revisions ?? [];
  }

  /** All configurations, in the order of their creation. */
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

/** What is said of a configuration that does not exist. */
export function unknownConfigurationText(id: string): string {
  return `Can't find requested configuration [${id}]. Make sure your configuration exists.`;
}
