import { assert } from '../../base/assert.ts';
import { decoded } from './percent-encoding.ts';

/** What a path leads to. */
export interface PathMatch<T> {
  readonly value: T;
  /** Values of the path's parameters by name, percent-decoded. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Stands for every method. */
export const anyMethod = '*';

/** What one pattern leads to, by method. */
interface Target<T> {
  readonly names: readonly string[];
  readonly value: T;
  /** For the rest of a path: whether it may be nothing. */
  readonly mayBeEmpty: boolean;
}

class PathNode<T> {
  readonly literals = new Map<string, PathNode<T>>();
  label: PathNode<T> | undefined = undefined;
  /** Patterns that end here. */
  readonly ends = new Map<string, Target<T>>();
  /** Patterns that take whatever follows. */
  readonly rests = new Map<string, Target<T>>();
}

/**
 * Finds what a method and a path lead to. A pattern's segment is a literal, or `{name}`, which takes
 * one segment that is not empty. The last one may be `{name+}`, which takes all that follows, or `*`,
 * which also takes nothing. Where several patterns fit, a literal goes before a label, and a label
 * before the rest of a path, from left to right; among those that take the method.
 *
 * A path is split before it is decoded, so an encoded slash is part of a segment.
 */
export class PathTable<T> {
  readonly #root = new PathNode<T>();

  /** Adds a pattern, which begins with a slash. Method and pattern must be new. */
  add(method: string, pattern: string, value: T): void {
    const targets = this.#targetsOf(pattern);
    assert(!targets.has(method), `${method} ${pattern} is there already`);
    this.at(method, pattern, () => value);
  }

  /** The value of a pattern, which is made where there is none. */
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
    assert(pattern.startsWith('/'), `a path begins with a slash, not ${pattern}`);
    const segments = pattern.slice(1).split('/');
    let node = this.#root;
    for (const [index, segment] of segments.entries()) {
      if (segment === '*' || segment.endsWith('+}')) {
        assert(index === segments.length - 1, `the rest of a path comes last: ${pattern}`);
        return node.rests;
      }
      node = segment.startsWith('{') ? labelOf(node) : literalOf(node, segment);
    }
    return node.ends;
  }

  /** What a method and a path as sent lead to; undefined where that is nothing. */
  find(method: string, rawPath: string): PathMatch<T> | undefined {
    const found = this.#search(rawPath, (targets) => targets.get(method) ?? targets.get(anyMethod));
    if (found === undefined) return undefined;
    const { names, value } = found.target;
    const labels = names.map((name, index) => [name, decoded(found.parts[index] ?? '')] as const);
    return { value, labels: new Map(labels) };
  }

  /** Methods that the path takes. */
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
    // As deep as the longest pattern, however long the path is.
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
