// Stored runtime parameters.

import { requireShortName } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { requireSmallJson } from './json-arguments.ts';
import type { GlobalParameterEntry, JsonObject, JsonValue, ParameterEntry } from './model.ts';
import { readShovel } from './shovels/shovel-definition.ts';

/** A change of runtime parameters, as stored in the log. */
export type ParameterChange =
  | ({ kind: 'parameter' } & ParameterEntry)
  | { kind: 'parameter-deleted'; vhost: string; component: string; name: string }
  | ({ kind: 'global-parameter' } & GlobalParameterEntry)
  | { kind: 'global-parameter-deleted'; name: string };

/** The kinds of a {@link ParameterChange}. */
const kinds: ReadonlySet<string> = new Set<ParameterChange['kind']>([
  'parameter',
  'parameter-deleted',
  'global-parameter',
  'global-parameter-deleted',
]);

/** The components of parameters, with the names of RabbitMQ's plugins. */
const components: readonly string[] = ['federation-upstream', 'federation-upstream-set', 'shovel'];

/** The component of shovels. */
export const shovelComponent = 'shovel';

/** Is told about changed parameters of virtual hosts, after the change. Must not throw. */
export interface ParameterObserver {
  /** A parameter was created or replaced. */
  put(entry: ParameterEntry): void;
  deleted(vhost: string, component: string, name: string): void;
  /** All parameters of a virtual host are gone. */
  forgotten(vhost: string): void;
}

/** Whether a change is one of runtime parameters. */
export function isParameterChange(change: { kind: string }): change is ParameterChange {
  return kinds.has(change.kind);
}

const keyOf = (component: string, name: string): string => JSON.stringify([component, name]);

/** The runtime parameters of all virtual hosts, and the global ones. */
export class Parameters {
  observer: ParameterObserver | undefined = undefined;
  readonly #byVhost = new Map<string, Map<string, ParameterEntry>>();
  readonly #globals = new Map<string, GlobalParameterEntry>();
  readonly #limits: Limits;
  readonly #change: (change: ParameterChange) => void;

  /** @param change writes a change to the log and applies it */
  constructor(limits: Limits, change: (change: ParameterChange) => void) {
    this.#limits = limits;
    this.#change = change;
  }

  /** All parameters by virtual host. */
  *all(): Generator<ParameterEntry> {
    for (const entries of this.#byVhost.values()) yield* entries.values();
  }

  get(vhost: string, component: string, name: string): ParameterEntry | undefined {
    return this.#byVhost.get(vhost)?.get(keyOf(component, name));
  }

  /**
   * Creates or replaces a parameter.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  put(entry: ParameterEntry): void {
    const { vhost, component, name, value } = entry;
    if (!components.includes(component)) {
      throw invalid(`component ${component.slice(0, 100)} not found`);
    }
    this.#check('parameter', name, value);
    if (!isObject(value)) throw invalid(`the value of ${component} '${name}' is not an object`);
    if (component === shovelComponent) readShovel(name, value);
    const count = this.#byVhost.get(vhost)?.size ?? 0;
    if (this.get(vhost, component, name) === undefined) {
      this.#requireRoom(count);
      if (component === shovelComponent) this.#requireRoomForShovel();
    }
    this.#change({ kind: 'parameter', vhost, component, name, value });
  }

  /** @throws {BrokerError} `not-found` */
  delete(vhost: string, component: string, name: string): void {
    if (this.get(vhost, component, name) === undefined) {
      throw new BrokerError('not-found', `no ${component} '${name}' in vhost '${vhost}'`);
    }
    this.#change({ kind: 'parameter-deleted', vhost, component, name });
  }

  globals(): Iterable<GlobalParameterEntry> {
    return this.#globals.values();
  }

  global(name: string): GlobalParameterEntry | undefined {
    return this.#globals.get(name);
  }

  /**
   * Creates or replaces a global parameter.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  putGlobal(name: string, value: JsonValue): void {
    this.#check('global parameter', name, value);
    if (!this.#globals.has(name)) this.#requireRoom(this.#globals.size);
    this.#change({ kind: 'global-parameter', name, value });
  }

  /** @throws {BrokerError} `not-found` */
  deleteGlobal(name: string): void {
    if (!this.#globals.has(name)) {
      throw new BrokerError('not-found', `no global parameter '${name}'`);
    }
    this.#change({ kind: 'global-parameter-deleted', name });
  }

  #check(what: string, name: string, value: JsonValue): void {
    if (name === '') throw invalid(`the name of a ${what} is empty`);
    requireShortName(`name of a ${what}`, name);
    const { parameterBytesMax: bytesMax } = this.#limits;
    requireSmallJson(`the value of ${what} '${name}'`, value, bytesMax);
  }

  #requireRoomForShovel(): void {
    const { shovelCountMax: countMax } = this.#limits;
    if (countMax === Infinity) return;
    let count = 0;
    for (const { component } of this.all()) if (component === shovelComponent) count++;
    if (count >= countMax) throw invalid(`component shovel is limited to ${countMax}`);
  }

  #requireRoom(count: number): void {
    const { parameterCountMax: countMax } = this.#limits;
    if (count >= countMax) throw invalid(`parameter limit (${countMax}) is reached`);
  }

  /** Applies a change. */
  apply(change: ParameterChange): void {
    switch (change.kind) {
      case 'parameter': {
        const { vhost, component, name, value } = change;
        const entries = this.#byVhost.get(vhost) ?? new Map<string, ParameterEntry>();
        this.#byVhost.set(vhost, entries);
        entries.set(keyOf(component, name), { vhost, component, name, value });
        this.observer?.put({ vhost, component, name, value });
        return;
      }
      case 'parameter-deleted':
        this.#byVhost.get(change.vhost)?.delete(keyOf(change.component, change.name));
        this.observer?.deleted(change.vhost, change.component, change.name);
        return;
      case 'global-parameter':
        this.#globals.set(change.name, { name: change.name, value: change.value });
        return;
      case 'global-parameter-deleted':
        this.#globals.delete(change.name);
    }
  }

  /** Removes the parameters of a deleted virtual host. */
  forget(vhost: string): void {
    if (this.#byVhost.delete(vhost)) this.observer?.forgotten(vhost);
  }

  /** Yields the changes that recreate all parameters. */
  *snapshot(): Iterable<ParameterChange> {
    for (const entry of this.all()) yield { kind: 'parameter', ...entry };
    for (const entry of this.#globals.values()) yield { kind: 'global-parameter', ...entry };
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(text: string): BrokerError {
  return new BrokerError('precondition-failed', text);
}
