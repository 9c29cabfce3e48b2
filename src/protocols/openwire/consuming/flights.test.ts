import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../../../broker/activemq/consumption.ts';
import { types } from '../codec/commands.gen.ts';
import type { Long } from '../codec/wire-reader.ts';
import { type Dispatched, FlightRun, Flights, flightStates } from './flights.ts';

const sources = [{} as Source, {} as Source]; // only their identity is used here
const { gone, unsettled, enlisted, aside } = flightStates;
const producerId = {
  type: types.ProducerId,
  connectionId: 'ID:a',
  value: 1,
  sessionId: 1,
} as const;

const dispatched = (number: number, producerSequenceId: Long = number): Dispatched => ({
  number,
  textView: undefined,
  producerId,
  producerSequenceId,
});

const idOf = (sent: Dispatched, brokerSequenceId: Long) => ({
  type: types.MessageId,
  ...sent,
  brokerSequenceId,
});

/** Adds deliveries whose numbers in their subscription are the same. */
function flightsOf(numbers: readonly number[], source = sources[0] as Source): Flights {
  const flights = new Flights();
  for (const number of numbers) flights.add(dispatched(number), source, number, Infinity);
  return flights;
}

/** All runs in a state, as the first and the last number. */
function runs(flights: Flights, state = unsettled as 0 | 1 | 2 | 3, countMax = Infinity) {
  const run = new FlightRun();
  const found: number[][] = [];
  for (let at = 0; flights.findRun(run, at, Infinity, state, countMax); at = run.to + 1) {
    found.push([run.from, run.to]);
  }
  return found;
}

/** Changes the state of deliveries one by one. */
function change(flights: Flights, numbers: readonly number[], from: 1 | 2 | 3, to: 0 | 1 | 2 | 3) {
  const run = new FlightRun();
  for (const number of numbers) {
    assert.ok(flights.findRun(run, number, number, from, 1));
    flights.change(run, to);
  }
}

test('deliveries are found by number or message id until they are settled', () => {
  const flights = flightsOf([2, 5, 9]);
  let searched = 0;
  const find = (sent: Dispatched, brokerSequenceId: Long) =>
    flights.find(idOf(sent, brokerSequenceId), (count) => {
      searched += count;
    });
  assert.equal(find(dispatched(5), 5), 5);
  assert.equal(find(dispatched(5), 5n), 5);
  assert.equal(searched, 0);
  assert.equal(find(dispatched(9), 0), 9);
  assert.equal(searched, 3);
  assert.equal(find(dispatched(77), 9), -1);
  const other = { ...dispatched(5), producerId: { ...producerId, value: 2 } };
  assert.equal(find(other, 5), -1);
  assert.deepEqual([flights.countBetween(0, 5), flights.countBetween(5, 9)], [2, 2]);
  change(flights, [5], unsettled, gone);
  assert.equal(find(dispatched(5), 5), -1);
  assert.deepEqual([flights.countBetween(2, 9), flights.count], [2, 2]);
  assert.deepEqual(
    [2, 5, 3, 9].map((number) => flights.isUnsettled(number)),
    [true, false, false, true],
  );
});

test('ids that are texts or have numbers that are not exact are found', () => {
  const flights = flightsOf([1]);
  const large = dispatched(2, 2n ** 60n + 1n);
  const text = { ...dispatched(3), textView: 'ID:mqtt-3', producerId: undefined };
  for (const sent of [large, text]) {
    flights.add(sent, sources[0] as Source, sent.number, Infinity);
  }
  const find = (sent: Dispatched) => flights.find(idOf(sent, sent.number), () => {});
  assert.deepEqual([large, text].map(find), [2, 3]);
  assert.equal(find(dispatched(2, 2n ** 60n)), -1);
  assert.equal(find(dispatched(3)), -1);
});

test('a run ends with the source, the delivery number, the state, the expiry and the limit', () => {
  const flights = flightsOf([1, 2, 3, 5, 6]);
  const [, second] = sources as [Source, Source]; // there are two
  flights.add(dispatched(7), second, 7, 100);
  flights.add(dispatched(8), second, 8, 200);
  assert.deepEqual(runs(flights), [
    [1, 3],
    [5, 6],
    [7, 8],
  ]);
  assert.deepEqual(runs(flights, unsettled, 2).slice(0, 2), [
    [1, 2],
    [3, 3],
  ]);
  const run = new FlightRun();
  assert.ok(flights.findRun(run, 7, 8, unsettled, 10, 150));
  assert.deepEqual([run.from, run.to, run.isExpired], [7, 7, true]);
  change(flights, [2], unsettled, enlisted);
  assert.deepEqual(runs(flights).slice(0, 2), [
    [1, 1],
    [3, 3],
  ]);
  assert.deepEqual(runs(flights, enlisted), [[2, 2]]);
  assert.ok(flights.findLast(run, 0, 3));
  assert.equal(run.from, 1, 'that of the transaction is left out');
  assert.equal(flights.findLast(run, 1, 3), false);
});

test('only deliveries that were set aside remain after their consumer has ended', () => {
  const flights = flightsOf([1, 2, 3, 4]);
  change(flights, [2, 3], unsettled, enlisted);
  assert.deepEqual([flights.count, flights.areEnlisted], [4, true]);
  change(flights, [2, 3], enlisted, aside);
  assert.deepEqual([flights.count, flights.asideCount, flights.areEnlisted], [2, 2, false]);
  assert.equal(
    flights.find(idOf(dispatched(2), 2), () => {}),
    -1,
  );
  flights.clear();
  assert.deepEqual([flights.count, runs(flights), runs(flights, aside)], [0, [], [[2, 3]]]);
  change(flights, [2, 3], aside, gone);
  assert.deepEqual([flights.asideCount, flights.size], [0, 0]);
});

test('a delivery that stays unsettled does not retain later settled ones', () => {
  const flights = flightsOf([0]);
  for (let number = 1; number <= 100_000; number++) {
    flights.add(dispatched(number), sources[0] as Source, number, Infinity);
    change(flights, [number], unsettled, gone);
  }
  assert.equal(flights.count, 1);
  assert.ok(flights.size < 3000, `${flights.size} places`);
});

test('random deliveries and settlements agree with a list', () => {
  let random = 7;
  const below = (max: number) => {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((random / 2 ** 31) * max);
  };
  const flights = new Flights();
  const states = new Map<number, 1 | 2 | 3>();
  let number = 0;
  for (let step = 0; step < 20_000; step++) {
    if (below(5) < 3) {
      number += 1 + below(2);
      flights.add(dispatched(number), sources[below(2)] as Source, number, Infinity);
      states.set(number, unsettled);
      continue;
    }
    const all = [...states.keys()].slice(0, 64);
    const chosen = all[below(all.length)];
    if (chosen === undefined) continue;
    const from = states.get(chosen) ?? unsettled;
    const to = ([gone, gone, unsettled, enlisted, aside] as const)[below(5)] ?? gone;
    change(flights, [chosen], from, to);
    if (to === gone) states.delete(chosen);
    else states.set(chosen, to);
  }
  const numbers = (state: 1 | 2 | 3) =>
    [...states].filter(([, each]) => each === state).map(([each]) => each);
  for (const state of [unsettled, enlisted, aside] as const) {
    assert.deepEqual(
      runs(flights, state, 1).map(([each]) => each),
      numbers(state),
    );
  }
  assert.equal(flights.count, numbers(unsettled).length + numbers(enlisted).length);
  assert.equal(flights.asideCount, numbers(aside).length);
});
