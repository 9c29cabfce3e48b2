// The choice of a policy by the name of a destination.

import type { Address } from '../../conversion/properties.ts';
import { activemqAlphabet, type Pattern, parsePattern, splitKey } from '../../patterns/alphabet.ts';
import { PatternTree } from '../../patterns/pattern-tree.ts';
import { covers } from './pattern-cover.ts';

/** A policy for all destinations that match a name. */
export interface PolicyEntry<T> {
  /** The kind and the name, which may have wildcards. */
  readonly of: Address;
  readonly policy: T;
}

interface CompiledEntry<T> {
  readonly pattern: Pattern;
  /** The position in the configuration. */
  readonly order: number;
  readonly policy: T;
}

/** Maximum number of cached choices. */
const choiceCountMax = 10_000;

/**
 * Policies by the names of destinations. One entry applies to a destination: the one with its exact
 * name, or else with the pattern that the other matching patterns cover. Of patterns that do not
 * cover each other, the first one of the configuration applies.
 */
export class PolicyMap<T> {
  readonly #trees = new Map<Address['kind'], PatternTree<CompiledEntry<T>>>();
  readonly #otherwise: T;
  readonly #choices = new Map<string, T>();

  /** @param otherwise the policy of destinations that no entry matches */
  constructor(entries: readonly PolicyEntry<T>[], otherwise: T) {
    this.#otherwise = otherwise;
    for (const [order, { of, policy }] of entries.entries()) {
      const tree = this.#trees.get(of.kind) ?? new PatternTree();
      const pattern = parsePattern(activemqAlphabet, of.name);
      tree.add(pattern, { pattern, order, policy });
      this.#trees.set(of.kind, tree);
    }
  }

  /** Returns the policy of a destination. */
  of(address: Address): T {
    const tree = this.#trees.get(address.kind);
    if (tree === undefined) return this.#otherwise;
    const key = `${address.kind} ${address.name}`;
    const known = this.#choices.get(key);
    if (known !== undefined) return known;
    const chosen = this.#choose(tree, address.name);
    if (this.#choices.size >= choiceCountMax) this.#choices.clear();
    this.#choices.set(key, chosen);
    return chosen;
  }

  #choose(tree: PatternTree<CompiledEntry<T>>, name: string): T {
    const found: CompiledEntry<T>[] = [];
    const search = {
      spend: () => false,
      takeAll: (entries: Iterable<CompiledEntry<T>>) => {
        for (const entry of entries) found.push(entry);
        return undefined;
      },
    };
    // It never pauses, because nothing above asks for it.
    for (const _ of tree.match(splitKey(activemqAlphabet, name), search));
    found.sort((a, b) => a.order - b.order);
    let best: CompiledEntry<T> | undefined;
    for (const entry of found) if (best === undefined || isBetter(entry, best)) best = entry;
    return best === undefined ? this.#otherwise : best.policy;
  }
}

function isBetter<T>(entry: CompiledEntry<T>, best: CompiledEntry<T>): boolean {
  return covers(best.pattern, entry.pattern) && !covers(entry.pattern, best.pattern);
}
