// Values by topic name, found by patterns.

import { manyWords, oneWord, type Pattern, type PatternWord } from '../patterns/alphabet.ts';

/** The words of topic names are separated by this. */
const separator = '.';

class Node<T> {
  children: Map<string, Node<T>> | undefined = undefined;
  value: T | undefined = undefined;
}

/** A node to be examined, and the position of the next word of the pattern. */
interface Place<T> {
  readonly node: Node<T>;
  readonly at: number;
  /** Whether the node is reached by a wildcard for many words, which covers all nodes below. */
  readonly isCovered: boolean;
}

/** The children of a node that are still to be examined. */
interface Level<T> {
  readonly children: Iterator<[string, Node<T>]>;
  readonly at: number;
  readonly isCovered: boolean;
  /** Whether names that begin with `$` are left out. */
  readonly skipsReserved: boolean;
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
   * steps. A search that pauses holds one iterator for each word of a name, however many names
   * there are.
   *
   * @returns a step for each visited node: its value if it matches, otherwise undefined
   */
  *match(pattern: Pattern): Generator<T | undefined> {
    const { words } = pattern;
    const levels: Level<T>[] = [];
    let place: Place<T> | undefined = { node: this.#root, at: 0, isCovered: false };
    while (place !== undefined) {
      const { node, at, isCovered }: Place<T> = place;
      const isParent = words[at] === manyWords && node !== this.#root;
      yield isCovered || isParent || at === words.length ? node.value : undefined;
      const word = isCovered ? manyWords : words[at];
      levels.push({
        children: childrenOf(node, word)[Symbol.iterator](),
        at: at + 1,
        isCovered: word === manyWords,
        skipsReserved: pattern.skipsReserved && node === this.#root,
      });
      place = nextPlace(levels);
    }
  }
}

/** Returns the next node of the lowest level that has one; undefined at the end. */
function nextPlace<T>(levels: Level<T>[]): Place<T> | undefined {
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const { children, at, isCovered, skipsReserved } = level;
    for (let step = children.next(); step.done !== true; step = children.next()) {
      const [name, node] = step.value;
      if (!skipsReserved || !name.startsWith('$')) return { node, at, isCovered };
    }
    levels.pop();
  }
  return undefined;
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
