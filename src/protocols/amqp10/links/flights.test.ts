import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import type { Flight } from './flight.ts';
import { FlightList, Flights } from './flights.ts';

/** A delivery of which only the id and the place in the list are used. */
function flightOf(deliveryId: number): Flight {
  const state = { isListed: false, previous: undefined, next: undefined };
  return { deliveryId, ...state } as unknown as Flight;
}

const idsOf = (flights: Iterable<Flight>) => [...flights].map(({ deliveryId }) => deliveryId);

function inRange(model: ReadonlyMap<number, Flight>, first: number, count: number): number[] {
  return [...model.keys()].filter((id) => (id - first) >>> 0 <= count);
}

function verify(flights: Flights, model: ReadonlyMap<number, Flight>, random: SeededRandom): void {
  assert.equal(flights.count, model.size);
  const ids = [...model.keys()];
  const first = ids.length === 0 ? 0 : random.pick(ids);
  for (const count of [0, 7, random.below(5000), 2 ** 31, 2 ** 32 - 1]) {
    for (const from of [first, (first - random.below(3000)) >>> 0]) {
      assert.deepEqual(
        idsOf(flights.range(from, count)).sort((a, b) => a - b),
        inRange(model, from, count).sort((a, b) => a - b),
      );
    }
  }
}

for (const keep of [0, 3, 40, 3000]) {
  test(`deliveries are found by id, even after it wraps, while all but ${keep} are settled in any order`, () => {
    const random = new SeededRandom(keep);
    const flights = new Flights();
    const model = new Map<number, Flight>();
    let id = 2 ** 32 - 5000;
    for (let step = 0; step < 12_000; step++) {
      // Settled deliveries, including those of other links, have ids too.
      id = (id + (random.oneIn(500) ? random.below(5000) : 1 + random.below(2))) >>> 0;
      const flight = flightOf(id);
      flights.add(flight);
      model.set(id, flight);
      for (const [settled, found] of model) {
        if (model.size <= keep) break;
        if (random.oneIn(3)) continue;
        assert.deepEqual([flights.remove(found), flights.remove(found)], [true, false]);
        model.delete(settled);
      }
      if (step % 1000 === 0) verify(flights, model, random);
    }
    verify(flights, model, random);
  });
}

test('a range is in order of ids, which wrap, even if its first ids are no longer in the ring', () => {
  const flights = new Flights();
  const first = 2 ** 32 - 3;
  for (let n = 0; n < 10; n++) flights.add(flightOf((first + n) >>> 0));
  const wrapped = [2 ** 32 - 3, 2 ** 32 - 2, 2 ** 32 - 1, 0, 1, 2];
  assert.deepEqual(idsOf(flights.range(first, 5)), wrapped);
  assert.deepEqual(idsOf(flights.range((first - 100) >>> 0, 105)), wrapped);
  flights.add(flightOf(1_000_000));
  assert.deepEqual(idsOf(flights.range(first, 5)), wrapped);
  assert.deepEqual(idsOf(flights.range(999_999, 1)), [1_000_000]);
});

test('settled deliveries take no memory while an older one stays unsettled, and rings become smaller', () => {
  const flights = new Flights();
  const oldest = flightOf(0);
  flights.add(oldest);
  const many = Array.from({ length: 65_000 }, (_, n) => flightOf(n + 1));
  for (const flight of many) flights.add(flight);
  for (const flight of many) flights.remove(flight);
  const before = process.memoryUsage().heapUsed;
  for (let id = 65_001; id < 365_000; id++) {
    const flight = flightOf(id);
    flights.add(flight);
    flights.remove(flight);
  }
  assert.ok(process.memoryUsage().heapUsed - before < 64 * 1024 * 1024);
  assert.deepEqual(flights.range(0, 2 ** 32 - 1), [oldest]);
  assert.ok(flights.remove(oldest));
  assert.equal(flights.count, 0);
});

test('the list of a link is in order, and a delivery leaves it once', () => {
  const list = new FlightList();
  const all = Array.from({ length: 5 }, (_, n) => flightOf(n));
  for (const flight of all) list.add(flight);
  const shown = () => {
    const found: Flight[] = [];
    for (let each = list.first; each !== undefined; each = each.next) found.push(each);
    assert.equal(list.count, found.length);
    return idsOf(found);
  };
  assert.deepEqual(shown(), [0, 1, 2, 3, 4]);
  for (const [n, left] of [
    [2, [0, 1, 3, 4]],
    [0, [1, 3, 4]],
    [4, [1, 3]],
    [3, [1]],
    [1, []],
  ] as const) {
    const flight = all[n] as Flight; // n is in range
    assert.deepEqual([list.remove(flight), list.remove(flight)], [true, false]);
    assert.deepEqual(shown(), left);
  }
  list.add(flightOf(9));
  assert.deepEqual(shown(), [9]);
});
