import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../tests/support/bare-broker.ts';
import { queueValues, Rates, totalValues } from './rates.ts';

const publishOf = queueValues.indexOf('publish');
const messagesOf = queueValues.indexOf('messages');

async function opened() {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  const rates = new Rates(b.broker, b.clock);
  const wait = (seconds: number) => b.clock.advance(seconds * 1000);
  const publish = (count: number) => {
    for (let i = 0; i < count; i++) b.publish('', 'q', 'x');
  };
  return { b, queue, rates, wait, publish };
}

test('a rate is the change between the last two samples', async () => {
  const { queue, rates, wait, publish } = await opened();
  rates.ask();
  publish(50);
  wait(5);
  const series = rates.ofQueue(queue);
  assert.equal(series?.rate(publishOf), 10);
  assert.equal(rates.total.rate(totalValues.indexOf('publish')), 10);
  wait(5);
  assert.equal(series?.rate(publishOf), 0);
  assert.equal(series?.value(messagesOf), 50);
});

test('a history has the last value at each step, newest first', async () => {
  const { queue, rates, wait, publish } = await opened();
  rates.ask();
  for (let i = 0; i < 4; i++) {
    publish(10);
    wait(5);
  }
  const span = { ageSeconds: 20, stepSeconds: 10 };
  const details = rates.ofQueue(queue)?.details(messagesOf, span, false);
  const samples = details?.['samples'] as { sample: number; timestamp: number }[];
  assert.deepEqual(
    samples.map(({ sample }) => sample),
    [40, 20, 0],
  );
  const [first, second] = samples;
  assert.equal((first?.timestamp ?? 0) - (second?.timestamp ?? 0), 10_000);
  assert.deepEqual([details?.['avg'], details?.['avg_rate']], [20, 2]);
});

test('nothing is sampled unless somebody asks, and sampling ends by itself', async () => {
  const { queue, rates, wait } = await opened();
  wait(60);
  assert.equal(rates.ofQueue(queue), undefined);
  rates.ask();
  assert.notEqual(rates.ofQueue(queue), undefined);
  wait(140);
  assert.notEqual(rates.ofQueue(queue), undefined);
  wait(30);
  assert.equal(rates.ofQueue(queue), undefined);
  rates.ask();
  assert.notEqual(rates.ofQueue(queue), undefined);
  rates.stop();
});

test('a queue that was asked for individually keeps ten minutes, others one', async () => {
  const { b, queue, rates, wait, publish } = await opened();
  const other = b.queue('other');
  rates.ask();
  rates.watchQueue(queue);
  for (let i = 0; i < 60; i++) {
    publish(1);
    wait(5);
    rates.ask();
  }
  const span = { ageSeconds: 300, stepSeconds: 60 };
  const samplesOf = (subject: typeof queue) =>
    rates.ofQueue(subject)?.details(messagesOf, span, false)['samples'] as { sample: number }[];
  assert.deepEqual(
    samplesOf(queue).map(({ sample }) => sample),
    [52, 40, 28, 16, 4], // steps are at whole minutes; before the first sample, nothing is known
  );
  assert.equal(samplesOf(other).length, 1);
  rates.stop();
});

test('the rate of a virtual host is not negative when a queue is deleted', async () => {
  const { b, rates, wait, publish } = await opened();
  rates.ask();
  publish(50);
  wait(5);
  b.vhost.deleteQueue('q', undefined, { ifUnused: false, ifEmpty: false });
  wait(5);
  const series = rates.ofVhost(b.vhost);
  assert.deepEqual(series?.details(publishOf, undefined, true), { rate: 0 });
  rates.stop();
});
