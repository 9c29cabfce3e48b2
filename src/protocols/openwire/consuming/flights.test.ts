import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../../../broker/activemq/consumption.ts';
import { types } from '../codec/commands.gen.ts';
import { type Flight, Flights } from './flights.ts';

const source = {} as Source; // not used here

function flight(number: number): Flight {
  const producerId = {
    type: types.ProducerId,
    connectionId: 'ID:a',
    value: 1,
    sessionId: 1,
  } as const;
  return {
    number,
    textView: undefined,
    producerId,
    producerSequenceId: number,
    source,
    deliveryNumber: number,
    expiresAtMs: Infinity,
    transaction: undefined,
    isSetAside: false,
    isSettled: false,
  };
}

test('deliveries are found by number or message id until they are settled', () => {
  const flights = new Flights();
  const all = [2, 5, 9].map(flight);
  for (const each of all) flights.add(each);
  const [first, second, third] = all as [Flight, Flight, Flight]; // three were added
  let searched = 0;
  const find = (number: number, brokerSequenceId: number) => {
    const { textView, producerId, producerSequenceId } = flight(number);
    const id = {
      type: types.MessageId,
      textView,
      producerId,
      producerSequenceId,
      brokerSequenceId,
    };
    return flights.find(id, (count) => (searched += count));
  };
  assert.equal(find(5, 5), second);
  assert.equal(searched, 0);
  assert.equal(find(9, 0), third);
  assert.equal(searched, 3);
  assert.equal(find(77, 9), undefined);
  assert.deepEqual(flights.range(undefined, second), [first, second]);
  assert.deepEqual(flights.range(second, third), [second, third]);
  flights.remove(second);
  assert.deepEqual(
    [flights.range(first, third), flights.all()],
    [all.toSpliced(1, 1), [first, third]],
  );
  assert.deepEqual(
    [flights.after(2), flights.after(5), flights.after(3)],
    [[third], undefined, undefined],
  );
});

test('a delivery that stays unsettled does not retain later settled ones', () => {
  const flights = new Flights();
  flights.add(flight(0));
  for (let number = 1; number <= 100_000; number++) {
    const each = flight(number);
    flights.add(each);
    flights.remove(each);
  }
  assert.equal(flights.count, 1);
  assert.ok(flights.size < 3000, `${flights.size} entries`);
});
