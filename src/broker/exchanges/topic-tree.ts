class Branch<T> {
  readonly children = new Map<string, Branch<T>>();
  readonly values = new Set<T>();
  /** Stands for any number of words, so it stays reached whatever comes. */
  readonly isHash: boolean;

  constructor(isHash: boolean) {
    this.isHash = isHash;
  }
}

/** Patterns of dot-separated words, where `*` stands for one word and `#` for any number. */
export class TopicTree<T> {
  #root = new Branch<T>(false);

  /** Adds a value under a pattern. */
  add(pattern: string, value: T): void {
    let branch = this.#root;
    for (const word of wordsOf(pattern)) {
      let child = branch.children.get(word);
      if (child === undefined) {
        child = new Branch(word === '#');
        branch.children.set(word, child);
      }
      branch = child;
    }
    branch.values.add(value);
  }

  /** Removes everything. */
  clear(): void {
    this.#root = new Branch(false);
  }

  /** Calls `take` once for each value with a pattern that matches; more than once where several do. */
  match(key: string, take: (value: T) => void): void {
    // Each level's set of branches, so that no key can make patterns with many `#` slow.
    let level = new Set<Branch<T>>();
    reach(this.#root, level);
    for (const word of wordsOf(key)) {
      const following = new Set<Branch<T>>();
      for (const branch of level) step(branch, word, following);
      level = following;
    }
    for (const branch of level) for (const value of branch.values) take(value);
  }
}

/** Nothing at all is no word, not an empty one. */
function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split('.');
}

function step<T>(branch: Branch<T>, word: string, following: Set<Branch<T>>): void {
  const exact = branch.children.get(word);
  const one = branch.children.get('*');
  if (exact !== undefined && !exact.isHash) reach(exact, following);
  if (one !== undefined) reach(one, following);
  if (branch.isHash) reach(branch, following);
}

function reach<T>(branch: Branch<T>, level: Set<Branch<T>>): void {
  level.add(branch);
  const hash = branch.children.get('#');
  if (hash === undefined) return;
  reach(hash, level);
}
