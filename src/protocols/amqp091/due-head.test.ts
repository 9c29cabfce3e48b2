import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Writer } from '../../base/bytes.ts';
import type { Argument } from '../../broker/arguments.ts';
import { writeProperties } from './codec/basic-properties.ts';
import { amqp091Format } from './format.ts';

/** The `x-delay` of a message after its delay, given the one it was published with. */
function delayAfter(delay: Argument): Argument | undefined {
  const writer = new Writer();
  writeProperties(writer, { headers: { 'x-delay': delay } });
  const head = writer.bytes.subarray(0, writer.at);
  const due = amqp091Format.dueHead?.(head, 0, head.length, 0, undefined) ?? head;
  return amqp091Format.headers(due, 0, due.length)['x-delay'];
}

test('the header of a due message can be written for any value of x-delay', () => {
  const long = (value: number) => ({ type: 'long', value });
  assert.deepEqual(delayAfter({ type: 'signedint', value: 30 }), long(-30));
  assert.deepEqual(delayAfter({ type: 'double', value: 300.9 }), long(-300));
  assert.deepEqual(delayAfter({ type: 'float', value: 2.5 }), long(-2));
  assert.deepEqual(delayAfter({ type: 'longstr', value: '100' }), long(-100));
  // These are no delay, and stay as they are.
  const others = [
    { type: 'longstr', value: '0.5' },
    { type: 'longstr', value: '1e30' },
    { type: 'double', value: -1.5 },
    { type: 'double', value: 0.5 },
    { type: 'bool', value: true },
  ] as const;
  for (const other of others) assert.deepEqual(delayAfter(other), other);
  // Larger than an integer of JavaScript.
  const largest = delayAfter({ type: 'double', value: 1e300 });
  assert.deepEqual(largest, long(-Number.MAX_SAFE_INTEGER));
});
