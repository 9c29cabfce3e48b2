import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findKinds } from '../../src/sensitive-data/find-kinds.ts';
import { sensitiveKinds } from '../../src/sensitive-data/kinds.ts';
import { PersonNames } from '../../src/sensitive-data/person-names.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { listedNames, makeCorpus, type Sample } from './corpus.ts';

// What the rules find in 2,000 labelled texts, and what docs/proof says about it. The texts are the
// same in every run, so the figures are too: WAXWING_PROOF=1 writes them.

const file = fileURLToPath(new URL('../../../docs/proof/sensitive-data.json', import.meta.url));
const sampleCount = 2000;
const seed = 14;
const goals = { precision: 0.98, recall: 0.95 };

interface Counts {
  right: number;
  falseAlarms: number;
  missed: number;
}

interface Wrong {
  readonly sample: Sample;
  readonly found: readonly string[];
}

function measure(samples: readonly Sample[]) {
  const personNames = new PersonNames(listedNames);
  const counts = new Map<string, Counts>();
  const wrong: Wrong[] = [];
  const of = (kind: string): Counts => {
    const known = counts.get(kind) ?? { right: 0, falseAlarms: 0, missed: 0 };
    counts.set(kind, known);
    return known;
  };
  for (const sample of samples) {
    const found: readonly string[] = findKinds(sample.text, { name: sample.name, personNames });
    for (const kind of found) {
      if (sample.kinds.includes(kind)) of(kind).right += 1;
      else of(kind).falseAlarms += 1;
    }
    const missed = sample.kinds.filter((kind) => !found.includes(kind));
    for (const kind of missed) of(kind).missed += 1;
    if (missed.length > 0 || found.length !== sample.kinds.length) wrong.push({ sample, found });
  }
  return { counts, wrong };
}

const ratio = (part: number, whole: number) =>
  whole === 0 ? 1 : Math.round((part / whole) * 10_000) / 10_000;

function figuresOf({ right, falseAlarms, missed }: Counts) {
  return {
    samples: right + missed,
    falseAlarms,
    missed,
    precision: ratio(right, right + falseAlarms),
    recall: ratio(right, right + missed),
  };
}

const samples = makeCorpus(new SeededRandom(seed), sampleCount);
const { counts, wrong } = measure(samples);
const all = [...counts.values()].reduce(
  (sum, each) => ({
    right: sum.right + each.right,
    falseAlarms: sum.falseAlarms + each.falseAlarms,
    missed: sum.missed + each.missed,
  }),
  { right: 0, falseAlarms: 0, missed: 0 },
);
const figures = {
  corpus: `${sampleCount} texts, made with seed ${seed} by tests/sensitive-data/corpus.ts`,
  textsWithoutData: samples.filter(({ kinds }) => kinds.length === 0).length,
  goals,
  total: figuresOf(all),
  kinds: Object.fromEntries(
    [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, each]) => [kind, figuresOf(each)]),
  ),
};

test('every kind has labelled texts', () => {
  const labelled = new Set(samples.flatMap(({ kinds }) => kinds));
  assert.deepEqual([...labelled].sort(), Object.keys(sensitiveKinds).sort());
  assert.equal(samples.length, sampleCount);
});

test('precision and recall over all kinds reach their targets', () => {
  const { precision, recall } = figures.total;
  const shown = wrong.map(({ sample, found }) => `${JSON.stringify(sample)} -> ${found}`);
  assert.ok(precision >= goals.precision && recall >= goals.recall, shown.join('\n'));
});

test('no kind has a precision or recall below 0.9', () => {
  const low = Object.entries(figures.kinds).filter(
    ([, { precision, recall }]) => precision < 0.9 || recall < 0.9,
  );
  assert.deepEqual(low, []);
});

test('docs/proof contains the figures of the current rules', () => {
  const text = `${JSON.stringify(figures, null, 2)}\n`;
  if (process.env['WAXWING_PROOF'] === '1') writeFileSync(file, text);
  assert.equal(readFileSync(file, 'utf8'), text);
});

test('the reference lists every kind', () => {
  const reference = readFileSync(
    fileURLToPath(new URL('../../../docs/reference/sensitive-data.md', import.meta.url)),
    'utf8',
  );
  const missing = Object.keys(sensitiveKinds).filter((kind) => !reference.includes(`\`${kind}\``));
  assert.deepEqual(missing, []);
});
