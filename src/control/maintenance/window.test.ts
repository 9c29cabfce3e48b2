import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextWindowMs } from './window.ts';

/** When the next window begins, as a text in UTC. */
function next(dayOfWeek: string, timeOfDay: string, timeZone: string, after: string): string {
  const ms = nextWindowMs({ dayOfWeek, timeOfDay, timeZone }, Date.parse(after));
  return new Date(ms).toISOString().slice(0, 16);
}

const cases: readonly (readonly [string, Parameters<typeof next>, string])[] = [
  [
    'later on the day itself',
    ['SATURDAY', '23:30', 'UTC', '2026-11-28T13:00Z'],
    '2026-11-28T23:30',
  ],
  ['a week later', ['SATURDAY', '13:00', 'UTC', '2026-11-28T13:00Z'], '2026-12-05T13:00'],
  ['the next day', ['SUNDAY', '00:00', 'UTC', '2026-11-28T13:00Z'], '2026-11-29T00:00'],
  ['ahead of UTC', ['SUNDAY', '00:30', 'UTC+2', '2026-11-28T13:00Z'], '2026-11-28T22:30'],
  ['behind UTC', ['SATURDAY', '23:00', '-03:30', '2026-11-28T13:00Z'], '2026-11-29T02:30'],
  ['in winter', ['FRIDAY', '12:00', 'Europe/Vienna', '2026-11-28T13:00Z'], '2026-12-04T11:00'],
  ['in summer', ['FRIDAY', '12:00', 'Europe/Vienna', '2026-07-25T13:00Z'], '2026-07-31T10:00'],
  [
    'after clocks are put back',
    ['SUNDAY', '04:00', 'Europe/Vienna', '2026-10-24T13:00Z'],
    '2026-10-25T03:00',
  ],
  [
    'after clocks are put forward',
    ['SUNDAY', '04:00', 'Europe/Vienna', '2026-03-28T13:00Z'],
    '2026-03-29T02:00',
  ],
  [
    'far ahead of UTC',
    ['MONDAY', '01:00', 'Pacific/Kiritimati', '2026-11-28T13:00Z'],
    '2026-11-29T11:00',
  ],
];
for (const [what, given, expected] of cases) {
  test(`a maintenance window begins ${what}`, () => assert.equal(next(...given), expected));
}

test('maintenance windows start one week apart, regardless of clock changes', () => {
  const window = { dayOfWeek: 'SUNDAY', timeOfDay: '02:30', timeZone: 'America/New_York' };
  let at = Date.parse('2026-01-01T00:00Z');
  const starts: number[] = [];
  for (let i = 0; i < 60; i++) {
    at = nextWindowMs(window, at);
    starts.push(at);
  }
  const hours = starts.slice(1).map((ms, i) => (ms - (starts[i] ?? 0)) / 3_600_000);
  assert.deepEqual([...new Set(hours)].sort(), [167, 168, 169]);
});
