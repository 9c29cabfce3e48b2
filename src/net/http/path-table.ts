// A table of path patterns.

import { assert } from '../../base/assert.ts';
import { decoded } from './percent-encoding.ts';

/** The entry that a path matches. */
export interface PathMatch<T> {
  readonly value: T;
  /** Path parameters by name, percent-decoded. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Matches every method. */
export const anyMethod = '*';

/** The entries of one pattern, by method. */
interface Target<T> {
  readonly names: readonly string[];
  readonly value: T;
  /** Whether a pattern for the rest of a path also matches an empty rest. */
  readonly mayBeEmpty: boolean;
}

class PathNode<T> {
  readonly literals = new Map<string, PathNode<T>>();
  label: PathNode<T> | undefined = undefined;
  /** Patterns that end at this node. */
  readonly ends = new Map<string, Target<T>>();
  /** Patterns that match any rest. */
  readonly rests = new Map<string, Target<T>>();
}

/**
 * Finds the entry for a method and a path. A segment of a pattern is a literal, or `{name}`, which
 * matches one segment that is not empty. The last segment may be `{name+}`, which matches the rest
 * of the path, or `*`, which also matches an empty rest. If several patterns match, literals take
 * precedence over labels, and labels over the rest of a path, from left to right, among the
 * patterns with the method.
 *
 * Paths are split before they are decoded, so an encoded slash is part of a segment.
 */
export class PathTable<T> {
  readonly #root = new PathNode<T>();

  /**
   * Adds a pattern, which begins with a slash. The combination of method and pattern must be new.
   */
  add(method: string, pattern: string, value: T): void {
    const targets = this.#targetsOf(pattern);
    assert(!targets.has(method), `duplicate pattern ${method} ${pattern}`);
    this.at(method, pattern, () => value);
  }

  /** Returns the value of a pattern, and creates it if it does not exist. */
  at(method: string, pattern: string, make: () => T): T {
    const targets = this.#targetsOf(pattern);
    const names = [...pattern.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => name);
    const known = targets.get(method);
    if (known !== undefined) return known.value;
    const made = { names, value: make(), mayBeEmpty: pattern.endsWith('/*') };
    targets.set(method, made);
    return made.value;
  }

  #targetsOf(pattern: string): Map<string, Target<T>> {
    assert(pattern.startsWith('/'), `the pattern ${pattern} does not begin with a slash`);
    const segments = pattern.slice(1).split('/');
    let node = this.#root;
    for (const [index, segment] of segments.entries()) {
      if (segment === '*' || segment.endsWith('+}')) {
        assert(
          index === segments.length - 1,
          `the rest of a path must be the last segment: ${pattern}`,
        );
        return node.rests;
      }
      node = segment.startsWith('{') ? labelOf(node) : literalOf(node, segment);
    }
    return node.ends;
  }

  /** Finds the entry for a method and a path as it was sent; undefined if there is none. */
  find(method: string, rawPath: string): PathMatch<T> | undefined {
    const found = this.#search(rawPath, (targets) => targets.get(method) ?? targets.get(anyMethod));
    if (found === undefined) return undefined;
    const { names, value } = found.target;
    const labels = names.map((name, index) => [name, decoded(found.parts[index] ?? '')] as const);
    return { value, labels: new Map(labels) };
  }

  /** The methods with an entry for a path. */
  methodsOf(rawPath: string): string[] {
    const methods = new Set<string>();
    this.#search(rawPath, (targets) => {
      for (const method of targets.keys()) methods.add(method);
      return undefined;
    });
    return [...methods];
  }

  #search<Found>(
    rawPath: string,
    choose: (targets: ReadonlyMap<string, Target<T>>) => Found | undefined,
  ): { target: Found; parts: readonly string[] } | undefined {
    if (!rawPath.startsWith('/')) return undefined;
    const segments = rawPath.slice(1).split('/');
    // The recursion is bounded by the longest pattern, not by the path.
    const walk = (
      node: PathNode<T>,
      index: number,
      parts: readonly string[],
    ): { target: Found; parts: readonly string[] } | undefined => {
      const segment = segments[index];
      if (segment === undefined) {
        const target = choose(node.ends);
        return target === undefined ? undefined : { target, parts };
      }
      const literal = node.literals.get(segment);
      const byLiteral = literal && walk(literal, index + 1, parts);
      if (byLiteral) return byLiteral;
      const byLabel =
        segment !== '' && node.label && walk(node.label, index + 1, [...parts, segment]);
      if (byLabel) return byLabel;
      if (node.rests.size === 0) return undefined;
      const rest = segments.slice(index).join('/');
      const target = choose(takersOf(node, rest));
      return target === undefined ? undefined : { target, parts: [...parts, rest] };
    };
    return walk(this.#root, 0, []);
  }
}

function takersOf<T>(node: PathNode<T>, rest: string): PathNode<T>['rests'] {
  if (rest !== '') return node.rests;
  return new Map([...node.rests].filter(([, { mayBeEmpty }]) => mayBeEmpty));
}

function labelOf<T>(node: PathNode<T>): PathNode<T> {
  node.label ??= new PathNode<T>();
  return node.label;
}

function literalOf<T>(node: PathNode<T>, segment: string): PathNode<T> {
  const known = node.literals.get(segment);
  if (known) return known;
  const made = new PathNode<T>();
  node.literals.set(segment, made);
  return made;
}
