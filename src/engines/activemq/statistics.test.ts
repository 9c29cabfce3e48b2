import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerValues, destinationsMax, destinationValues } from './files/statistics.ts';
import { type InstanceStatistics, StatisticsReader } from './statistics.ts';

const token = '00ff';
/** The numbers of a line, from the first one on. */
const from = (first: number, names: readonly string[]) =>
  names.map((_, at) => first + at).join(' ');
const destination = (kind: string, name: string, first: number) =>
  `${token} ${kind} ${name} ${from(first, destinationValues)}`;
/** The line of a broker with this many queues and topics. */
function broker(queues: number, topics: number): string {
  const others = brokerValues.map((name) =>
    name === 'queues' ? queues : name === 'topics' ? topics : 7,
  );
  return `${token} broker ${others.join(' ')}`;
}

function read(
  lines: readonly string[],
  reader = new StatisticsReader(token),
): InstanceStatistics | undefined {
  return lines.map((line) => reader.read(line)).at(-1);
}

test('lines become statistics, with the names as they are', () => {
  const found = read([
    destination('queue', 'a+%C3%BC%0A%2B', 1),
    destination('topic', 't', 20),
    broker(1, 1),
  ]);
  assert.deepEqual(
    found?.queues.map(({ name }) => name),
    ['a ü\n+'],
  );
  assert.equal(found?.queues[0]?.values.messages, 1);
  assert.equal(found?.queues[0]?.values.memoryPercent, destinationValues.length);
  assert.equal(found?.topics[0]?.values.enqueued, 21);
  assert.equal(found?.values.heapLimitBytes, 7);
});

test('only lines with the token are statistics', () => {
  const reader = new StatisticsReader(token);
  assert.ok(reader.isStatistics(broker(0, 0)));
  for (const line of [
    'INFO|00ff broker 1',
    '00ffbroker 1',
    ' 00ff broker 1',
    '00fe broker 1',
    '',
  ]) {
    assert.ok(!reader.isStatistics(line), line);
  }
});

test('lines that are not as expected are left out, and nothing is shown without the last one', () => {
  const bad = [
    destination('queue', '%', 1),
    destination('queue', '%FF', 1),
    destination('queue', 'x', 1).replace(/ 1 /, ' -1 '),
    destination('queue', 'x', 1).replace(/ 1 /, ' 1e3 '),
    destination('queue', 'x', 1).replace(/ 1 /, ' NaN '),
    `${destination('queue', 'x', 1)} 1`,
    `${token} queue x 1`,
    `${token} queue`,
    `${token} other 1`,
    `${token} `,
    `${token} broker 1`,
    broker(0, 0).replace(/7$/, '7.5'),
  ];
  assert.equal(read(bad), undefined);
  const found = read([...bad.slice(0, -2), broker(1, 0)]);
  assert.deepEqual(found?.queues, []);
  assert.equal(found?.sums, undefined);
});

test('no more destinations are kept than are written', () => {
  const lines = Array.from({ length: destinationsMax + 5 }, (_, at) =>
    destination('queue', `q${at}`, 1),
  );
  const found = read([...lines, broker(destinationsMax + 5, 0)]);
  assert.equal(found?.queues.length, destinationsMax);
  assert.equal(found?.sums, undefined);
});

test('sums grow with each destination, and do not shrink when one is deleted or begins again', () => {
  const reader = new StatisticsReader(token);
  const sum = (...lines: string[]) => read([...lines], reader)?.sums?.enqueued;
  assert.equal(sum(destination('queue', 'a', 9), destination('topic', 'a', 99), broker(1, 1)), 110);
  assert.equal(sum(destination('queue', 'a', 14), broker(1, 0)), 115);
  assert.equal(sum(broker(0, 0)), 115);
  assert.equal(sum(destination('queue', 'a', 2), broker(1, 0)), 118);
  assert.equal(sum(destination('queue', 'a', 1), broker(1, 0)), 120);
  // One is not written: nothing is stated, and later what has grown meanwhile.
  assert.equal(sum(destination('queue', 'a', 5), broker(2, 0)), undefined);
  assert.equal(sum(destination('queue', 'a', 6), broker(1, 0)), 125);
});

test('sums contain destinations whose names are written alike, and stand still with them', () => {
  const reader = new StatisticsReader(token);
  const lines = [destination('queue', 'a%3F', 100), destination('queue', 'a%3F', 5), broker(2, 0)];
  assert.equal(read(lines, reader)?.sums?.enqueued, 107);
  assert.equal(read(lines, reader)?.sums?.enqueued, 107);
});
