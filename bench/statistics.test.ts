import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measurement, PeerName } from './results.ts';
import { rateKept } from './scenarios/backlog.ts';
import { median, ratioOf, type Series } from './statistics.ts';

const series = (peer: PeerName): Series => ({
  scenario: 'S4',
  peer,
  bodyBytes: 16,
  figure: 'messagesPerSecond',
});

const run = (peer: PeerName, round: number, messagesPerSecond: number): Measurement => ({
  scenario: 'S4',
  peer,
  bodyBytes: 16,
  round,
  figures: { messagesPerSecond },
});

test('the median of an even number of values is the mean of the two middle values', () => {
  assert.equal(median([9, 1, 3, 5]), 4);
  assert.equal(median([9, 1, 3]), 3);
  assert.equal(median([]), undefined);
});

test('a ratio is the median of the ratios within each round', () => {
  // The machine got ten times faster in the second round; the ratios did not.
  const measurements = [
    run('waxwing', 1, 20),
    run('rabbitmq4', 1, 10),
    run('waxwing', 2, 300),
    run('rabbitmq4', 2, 100),
    run('waxwing', 3, 40),
    run('rabbitmq4', 3, 10),
  ];
  assert.equal(ratioOf(measurements, series('waxwing'), series('rabbitmq4')), 3);
});

test('a round with a missing measurement is excluded from the ratio', () => {
  const measurements = [run('waxwing', 1, 20), run('waxwing', 2, 30), run('rabbitmq4', 2, 10)];
  assert.equal(ratioOf(measurements, series('waxwing'), series('rabbitmq4')), 3);
  assert.equal(ratioOf(measurements, series('rabbitmq3'), series('rabbitmq4')), undefined);
});

test('rateKept is the rate of the last quarter divided by the rate of the first', () => {
  const counts = [0, 100, 200, 300, 400, 500, 550, 600, 650];
  const progress = counts.map((n): [number, number, number] => [n, n, 0]);
  assert.equal(rateKept(progress), 0.5);
  assert.equal(rateKept([[1, 1, 0]]), 1);
});
