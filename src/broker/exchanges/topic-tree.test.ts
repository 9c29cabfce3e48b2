import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { TopicTree } from './topic-tree.ts';

/** What a pattern means, as directly as it can be said. */
function matches(pattern: readonly string[], key: readonly string[]): boolean {
  const [word, ...more] = pattern;
  if (word === undefined) return key.length === 0;
  if (word === '#') return key.some((_, at) => matches(more, key.slice(at))) || matches(more, []);
  return key.length > 0 && (word === '*' || word === key[0]) && matches(more, key.slice(1));
}

const wordsOf = (text: string) => (text === '' ? [] : text.split('.'));

function found(tree: TopicTree<string>, key: string): string[] {
  const values = new Set<string>();
  tree.match(key, (value) => values.add(value), Infinity);
  return [...values].sort();
}

function randomWords(random: SeededRandom, words: readonly string[], countMax: number): string {
  const count = random.below(countMax + 1);
  return Array.from({ length: count }, () => words[random.below(words.length)]).join('.');
}

test('a tree finds what each pattern means, while patterns come and go', () => {
  const random = new SeededRandom(7);
  for (let round = 0; round < 60; round++) {
    const tree = new TopicTree<string>();
    const added: string[] = [];
    for (let i = 0; i < 60; i++) {
      if (random.oneIn(3) && added.length > 0) {
        const [pattern = ''] = added.splice(random.below(added.length), 1);
        tree.remove(pattern, pattern);
      } else {
        const pattern = randomWords(random, ['a', 'b', '', '*', '#'], 6);
        tree.add(pattern, pattern);
        added.push(pattern);
      }
      const key = randomWords(random, ['a', 'b', '', 'c'], 7);
      const expected = added.filter((pattern) => matches(wordsOf(pattern), wordsOf(key)));
      assert.deepEqual(found(tree, key), [...new Set(expected)].sort(), `${key} of ${added}`);
    }
    for (const pattern of added) tree.remove(pattern, pattern);
    const steps = tree.match('a.b.c', () => assert.fail('nothing is left'), Infinity);
    assert.equal(steps, 1, 'no branch is left');
  }
});

test('a value stays under a pattern until it was removed as often as it was added', () => {
  const tree = new TopicTree<string>();
  for (const pattern of ['a.#', 'a.#', 'a.*', 'a.*']) tree.add(pattern, 'v');
  tree.remove('a.#', 'v');
  tree.remove('a.*', 'v');
  tree.remove('b', 'v');
  tree.remove('a.#.b', 'v');
  assert.deepEqual(found(tree, 'a.b.c'), ['v']);
  tree.remove('a.#', 'v');
  assert.deepEqual([found(tree, 'a.b.c'), found(tree, 'a.b')], [[], ['v']]);
});

test('the work for a key grows with the words of patterns, not with a power of them', () => {
  const random = new SeededRandom(1);
  const tree = new TopicTree<number>();
  const [patternCount, wordCount] = [300, 127];
  const words = ['a', '*', '#'];
  for (let i = 0; i < patternCount; i++) {
    const pattern = Array.from({ length: wordCount }, () => words[random.below(3)]).join('.');
    tree.add(pattern, i);
  }
  const key = Array(126).fill('a').join('.');
  const steps = tree.match(key, () => {}, Infinity);
  assert.ok(steps < 2 * patternCount * wordCount, `${steps} steps`);
});

test('one unbinding beside many bindings leaves no more to do than without them', () => {
  const tree = new TopicTree<string>();
  for (let i = 0; i < 10_000; i++) tree.add(`device.${i}.#.state`, 'v');
  tree.add('other.#', 'w');
  tree.remove('other.#', 'w');
  assert.ok(tree.match('device.17.x.state', () => {}, Infinity) < 10);
});

test('a search that takes too many steps is ended', () => {
  const tree = new TopicTree<number>();
  for (let i = 0; i < 1000; i++) tree.add(`#.a.#.b${i}.c`, i);
  let taken = 0;
  const key = `${Array.from({ length: 50 }, (_, i) => `a.b${i}`).join('.')}.c`;
  const all = tree.match(key, () => taken++, Infinity);
  assert.equal(taken, 1);
  assert.ok(tree.match(key, () => {}, all - 1) > all - 1);
  assert.equal(
    tree.match(key, () => {}, all),
    all,
  );
});
