import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Argument, Arguments } from '../arguments.ts';
import { cycleOf, deathHeaders } from './death-headers.ts';

const text = (value: string): Argument => ({ type: 'longstr', value });
const entry = (queue: string, reason: string, count?: number): Argument => ({
  type: 'table',
  value: {
    queue: text(queue),
    reason: text(reason),
    ...(count !== undefined && { count: { type: 'long', value: count } }),
  },
});
const withEntries = (...value: Argument[]): Arguments => ({ 'x-death': { type: 'array', value } });

/** What `x-death` says after one more death in `q` by rejection: queue, reason, count. */
function after(headers: Arguments): unknown[] {
  const changes = deathHeaders(headers, {
    queue: 'q',
    reason: 'rejected',
    exchange: '',
    routingKeys: ['q'],
    atSeconds: 1,
    expiration: undefined,
  });
  const { value } = changes['x-death'] ?? {};
  return (value as readonly Argument[]).map(({ value: found }) => {
    const { queue, reason, count } = found as Arguments;
    return [queue?.value, reason?.value, count?.value];
  });
}

test('x-death entries without a count are merged and counted', () => {
  const before = withEntries(
    entry('q', 'rejected'),
    entry('other', 'expired'),
    entry('q', 'rejected'),
    entry('q', 'expired', 7),
    entry('other', 'expired'),
    entry('other', 'expired'),
  );
  assert.deepEqual(after(before), [
    ['q', 'rejected', 3],
    ['other', 'expired', 3],
    ['q', 'expired', 7],
  ]);
  assert.deepEqual(after(withEntries(entry('q', 'rejected', 4))), [['q', 'rejected', 5]]);
});

test('a dead letter cycle contains the queues since the last rejection', () => {
  const deaths = [entry('a', 'expired'), entry('b', 'maxlen')];
  assert.deepEqual([...cycleOf(withEntries(...deaths))], ['a', 'b']);
  const rejected = [...deaths, entry('c', 'rejected'), entry('d', 'expired')];
  assert.deepEqual([...cycleOf(withEntries(...rejected))], ['a', 'b']);
  assert.deepEqual([...cycleOf({})], []);
});
