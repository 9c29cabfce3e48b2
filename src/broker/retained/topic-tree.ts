// Values by topic name, found by patterns.

import { manyWords, oneWord, type Pattern, type PatternWord } from '../patterns/alphabet.ts';

/** The words of topic names are separated by this. */
const separator = '.';

class Node<T> {
  children: Map<string, Node<T>> | undefined = undefined;
  value: T | undefined = undefined;
}

/** A node that is still to be examined, and the position of the next word of the pattern. */
interface Place<T> {
  readonly node: Node<T>;
  readonly at: number;
  /** Whether the node is reached by a wildcard for many words, which covers all nodes below. */
  readonly isCovered: boolean;
}

/** Topic names with a value each. A search by a pattern visits each node at most once. */
export class TopicTree<T> {
  readonly #root = new Node<T>();

  get(topic: string): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const word of topic.split(separator)) node = node?.children?.get(word);
    return node?.value;
  }

  set(topic: string, value: T): void {
    let node = this.#root;
    for (const word of topic.split(separator)) {
      node.children ??= new Map();
      let next = node.children.get(word);
      if (next === undefined) {
        next = new Node();
        node.children.set(word, next);
      }
      node = next;
    }
    node.value = value;
  }

  delete(topic: string): void {
    const words = topic.split(separator);
    const passed: Node<T>[] = [this.#root];
    for (const word of words) {
      const next = passed.at(-1)?.children?.get(word);
      if (next === undefined) return;
      passed.push(next);
    }
    const last = passed.at(-1);
    if (last !== undefined) last.value = undefined;
    for (let at = words.length; at > 0; at--) {
      const node = passed[at];
      if (node?.value !== undefined || (node?.children?.size ?? 0) > 0) return;
      passed[at - 1]?.children?.delete(words[at - 1] ?? '');
    }
  }

  /**
   * Finds the values of the names that match a pattern. Names may be added and deleted between two
   * steps.
   *
   * @returns a step for each visited node: its value if it matches, otherwise undefined
   */
  *match(pattern: Pattern): Generator<T | undefined> {
    const { words } = pattern;
    const places: Place<T>[] = [{ node: this.#root, at: 0, isCovered: false }];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const { node, at, isCovered } = place;
      const isParent = words[at] === manyWords && node !== this.#root;
      yield isCovered || isParent || at === words.length ? node.value : undefined;
      this.#follow(places, place, pattern);
    }
  }

  /** Adds the nodes below a place that may match. */
  #follow(places: Place<T>[], { node, at, isCovered }: Place<T>, pattern: Pattern): void {
    const word = isCovered ? manyWords : pattern.words[at];
    const skipsReserved = pattern.skipsReserved && node === this.#root;
    for (const [name, child] of childrenOf(node, word)) {
      if (skipsReserved && name.startsWith('$')) continue;
      places.push({ node: child, at: at + 1, isCovered: word === manyWords });
    }
  }
}

function childrenOf<T>(
  { children }: Node<T>,
  word: PatternWord | undefined,
): Iterable<[string, Node<T>]> {
  if (children === undefined || word === undefined) return [];
  if (word === oneWord || word === manyWords) return children;
  const child = children.get(word);
  return child === undefined ? [] : [[word, child]];
}
