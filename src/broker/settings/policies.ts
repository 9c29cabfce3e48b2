// The policies of a virtual host.

import { NamePattern } from '../patterns/name-pattern.ts';
import { isFor, type Policy, type PolicySubject } from './policy.ts';

/** Whether a policy is one that Amazon MQ creates with a broker. */
function isDefault({ name }: Policy): boolean {
  return name.startsWith('AWS-DEFAULT-');
}

interface Entry {
  readonly policy: Policy;
  readonly pattern: NamePattern;
}

/** The policies, or the operator policies, of one virtual host, by name and priority. */
export class Policies {
  readonly #byName = new Map<string, Entry>();
  /** Sorted by descending priority, then by name. */
  #ordered: readonly Entry[] = [];

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): Policy | undefined {
    return this.#byName.get(name)?.policy;
  }

  /** All policies by descending priority. */
  *all(): Generator<Policy> {
    for (const { policy } of this.#ordered) yield policy;
  }

  /** Adds or replaces a policy that was checked. */
  set(policy: Policy): void {
    this.#byName.set(policy.name, { policy, pattern: NamePattern.stored(policy.pattern) });
    this.#sort();
  }

  delete(name: string): void {
    this.#byName.delete(name);
    this.#sort();
  }

  #sort(): void {
    this.#ordered = [...this.#byName.values()].sort(
      ({ policy: a }, { policy: b }) =>
        b.priority - a.priority ||
        // Otherwise a user's policy, whose priority is 0 by default, would depend on its name.
        Number(isDefault(a)) - Number(isDefault(b)) ||
        (a.name < b.name ? -1 : Number(a.name > b.name)),
    );
  }

  /** The policy that applies to a queue or exchange; undefined if none matches. */
  find({ kind, name }: PolicySubject): Policy | undefined {
    for (const { policy, pattern } of this.#ordered) {
      if (isFor(policy, kind) && pattern.test(name)) return policy;
    }
    return undefined;
  }
}
