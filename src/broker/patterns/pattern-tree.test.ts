import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import {
  type Alphabet,
  activemqAlphabet,
  amqpAlphabet,
  mqttAlphabet,
  parsePattern,
  splitKey,
} from './alphabet.ts';
import type { PatternSearch } from './pattern-search.ts';
import { PatternTree } from './pattern-tree.ts';

/** Collects values, and pauses after this many steps. */
class Collector implements PatternSearch<string> {
  readonly found = new Set<string>();
  stepCount = 0;
  readonly #pauseEvery: number;

  constructor(pauseEvery = Infinity) {
    this.#pauseEvery = pauseEvery;
  }

  spend(stepCount: number): boolean {
    const before = this.stepCount;
    this.stepCount += stepCount;
    return Math.floor(this.stepCount / this.#pauseEvery) > Math.floor(before / this.#pauseEvery);
  }

  takeAll(values: Iterable<string>): undefined {
    for (const value of values) this.found.add(value);
  }
}

/** A tree of patterns in one alphabet, each its own value. */
class Patterns {
  readonly alphabet: Alphabet;
  readonly tree = new PatternTree<string>();

  constructor(alphabet: Alphabet, ...patterns: readonly string[]) {
    this.alphabet = alphabet;
    for (const pattern of patterns) this.add(pattern);
  }

  add(pattern: string, value = pattern): void {
    this.tree.add(parsePattern(this.alphabet, pattern), value);
  }

  remove(pattern: string, value = pattern): void {
    this.tree.remove(parsePattern(this.alphabet, pattern), value);
  }

  search(key: string, pauseEvery?: number): { collector: Collector; pauseCount: number } {
    const collector = new Collector(pauseEvery);
    const steps = this.tree.match(splitKey(this.alphabet, key), collector);
    return { collector, pauseCount: [...steps].length };
  }

  find(key: string): string[] {
    return [...this.search(key).collector.found].sort();
  }
}

/** What the words of an AMQP pattern mean, as directly as it can be said. */
function matchesWords(pattern: readonly string[], key: readonly string[]): boolean {
  const [word, ...more] = pattern;
  if (word === undefined) return key.length === 0;
  if (word === '#') {
    return matchesWords(more, key) || (key.length > 0 && matchesWords(pattern, key.slice(1)));
  }
  return key.length > 0 && (word === '*' || word === key[0]) && matchesWords(more, key.slice(1));
}

/** ActiveMQ's and MQTT's: a wildcard for all that follows, at the end only. */
function matchesLevels(
  pattern: readonly string[],
  key: readonly string[],
  one: string,
  rest: string,
): boolean {
  const isOpen = pattern.at(-1) === rest;
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? key.length < fixed.length : key.length !== fixed.length) return false;
  return fixed.every((word, at) => word === one || word === key[at]);
}

const naive: readonly {
  readonly name: string;
  readonly alphabet: Alphabet;
  readonly words: readonly string[];
  readonly matches: (pattern: string, key: string) => boolean;
}[] = [
  {
    name: 'AMQP',
    alphabet: amqpAlphabet,
    words: ['a', 'b', '', '*', '#', '$a'],
    matches: (pattern, key) =>
      matchesWords(pattern === '' ? [] : pattern.split('.'), key === '' ? [] : key.split('.')),
  },
  {
    name: 'ActiveMQ',
    alphabet: activemqAlphabet,
    words: ['a', 'b', '', '*', '>', '#', '$a'],
    matches: (pattern, key) => matchesLevels(pattern.split('.'), key.split('.'), '*', '>'),
  },
  {
    name: 'MQTT',
    alphabet: mqttAlphabet,
    words: ['a', 'b', '', '+', '#', '$a', 'a.b'],
    matches: (pattern, key) => {
      if (key.startsWith('$') && (pattern.startsWith('+') || pattern.startsWith('#'))) return false;
      return matchesLevels(pattern.split('/'), key.split('/'), '+', '#');
    },
  },
];

function randomText(random: SeededRandom, words: readonly string[], separator: string): string {
  const count = random.below(7);
  return Array.from({ length: count }, () => words[random.below(words.length)]).join(separator);
}

for (const { name, alphabet, words, matches } of naive) {
  test(`the pattern tree finds all matches of ${name} while patterns are added and removed`, () => {
    const random = new SeededRandom(7);
    for (let round = 0; round < 60; round++) {
      const patterns = new Patterns(alphabet);
      const added: string[] = [];
      for (let i = 0; i < 60; i++) {
        if (random.oneIn(3) && added.length > 0) {
          const [pattern = ''] = added.splice(random.below(added.length), 1);
          patterns.remove(pattern);
        } else {
          const pattern = randomText(random, words, alphabet.separator);
          patterns.add(pattern);
          added.push(pattern);
        }
        const key = randomText(random, [...words, 'c'], alphabet.separator);
        const expected = added.filter((pattern) => matches(pattern, key));
        assert.deepEqual(patterns.find(key), [...new Set(expected)].sort(), `${key} of ${added}`);
      }
      for (const pattern of added) patterns.remove(pattern);
      const { collector } = patterns.search(`a${alphabet.separator}b`);
      assert.deepEqual([collector.stepCount, collector.found.size], [1, 0], 'no branch is left');
    }
  });
}

test('patterns of several protocols share one tree with their own wildcards', () => {
  const tree = new PatternTree<string>();
  tree.add(parsePattern(amqpAlphabet, 'a.#.c'), 'amqp');
  tree.add(parsePattern(activemqAlphabet, 'a.>'), 'activemq');
  tree.add(parsePattern(mqttAlphabet, 'a/+/*'), 'mqtt');
  const find = (words: readonly string[]) => {
    const collector = new Collector();
    for (const _ of tree.match(words, collector));
    return [...collector.found].sort();
  };
  assert.deepEqual(find(['a', 'b', 'c']), ['activemq', 'amqp']);
  assert.deepEqual(find(['a', 'b', '*']), ['activemq', 'mqtt']);
  assert.deepEqual(find(['a', '>']), ['activemq']);
});

test('a value stays under a pattern until it is removed as often as it was added', () => {
  const patterns = new Patterns(amqpAlphabet);
  for (const pattern of ['a.#', 'a.#', 'a.*', 'a.*']) patterns.add(pattern, 'v');
  patterns.remove('a.#', 'v');
  patterns.remove('a.*', 'v');
  patterns.remove('b', 'v');
  patterns.remove('a.#.b', 'v');
  assert.deepEqual(patterns.find('a.b.c'), ['v']);
  patterns.remove('a.#', 'v');
  assert.deepEqual([patterns.find('a.b.c'), patterns.find('a.b')], [[], ['v']]);
});

/** Patterns of 127 words, most of them wildcards, and a key of 126. */
function manyWildcards(patternCount: number): { patterns: Patterns; key: string } {
  const random = new SeededRandom(1);
  const words = ['a', '*', '#'];
  const patterns = new Patterns(amqpAlphabet);
  for (let i = 0; i < patternCount; i++) {
    const text = Array.from({ length: 127 }, () => words[random.below(3)]).join('.');
    patterns.add(text, String(i));
  }
  return { patterns, key: Array(126).fill('a').join('.') };
}

test('the matching cost grows linearly with the words of the patterns', () => {
  const { patterns, key } = manyWildcards(300);
  const { stepCount } = patterns.search(key).collector;
  assert.ok(stepCount < 3 * 300 * 127, `${stepCount} steps`);
});

test('a search that pauses repeatedly finds the same matches', () => {
  const { patterns, key } = manyWildcards(100);
  for (let i = 0; i < 100; i++) patterns.add(`#.a.${'*.a.'.repeat(i % 20)}#`, `more ${i}`);
  const whole = patterns.search(key);
  const paused = patterns.search(key, 50);
  assert.ok(whole.collector.found.size > 100);
  assert.equal(whole.pauseCount, 0);
  const { stepCount } = paused.collector;
  assert.ok(paused.pauseCount > stepCount / 200, `${paused.pauseCount} in ${stepCount} steps`);
  assert.deepEqual([...paused.collector.found].sort(), [...whole.collector.found].sort());
});

test('an add and remove of another pattern does not slow down a search', () => {
  const patterns = new Patterns(amqpAlphabet);
  for (let i = 0; i < 10_000; i++) patterns.add(`device.${i}.#.state`, 'v');
  patterns.add('other.#', 'w');
  patterns.remove('other.#', 'w');
  assert.ok(patterns.search('device.17.x.state').collector.stepCount < 10);
});
