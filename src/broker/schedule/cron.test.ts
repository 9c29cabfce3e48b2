import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CronTimes, cronTextMax } from './cron.ts';

const next = (text: string, after: string) =>
  new Date(new CronTimes(text).after(Date.parse(after))).toISOString();

test('a cron entry returns its next time in UTC after the given time', () => {
  const at = '2026-11-28T10:15:30.500Z'; // a Saturday
  const cases: [entry: string, expected: string][] = [
    ['* * * * *', '2026-11-28T10:16:00.000Z'],
    ['15 10 * * *', '2026-11-29T10:15:00.000Z'],
    ['0 * * * *', '2026-11-28T11:00:00.000Z'],
    ['*/20 * * * *', '2026-11-28T10:20:00.000Z'],
    ['5/15 * * * *', '2026-11-28T10:20:00.000Z'],
    ['10-12,50 9-10 * * *', '2026-11-28T10:50:00.000Z'],
    ['0 0 1 * *', '2026-12-01T00:00:00.000Z'],
    ['0 0 * * 0', '2026-11-29T00:00:00.000Z'],
    ['0 0 * * 7', '2026-11-29T00:00:00.000Z'],
    ['0 0 29 2 *', '2028-02-29T00:00:00.000Z'],
    ['30 23 31 12 *', '2026-12-31T23:30:00.000Z'],
    ['0 0 1 3 *', '2027-03-01T00:00:00.000Z'],
    ['0 0 31 1,3 *', '2027-01-31T00:00:00.000Z'],
    [`${'*,'.repeat(100)}* * * * *`, '2026-11-28T10:16:00.000Z'],
    // Either day field is enough where both are restricted.
    ['0 0 15 * 1', '2026-11-30T00:00:00.000Z'],
    ['0 0 13 * 5', '2026-12-04T00:00:00.000Z'],
  ];
  for (const [entry, expected] of cases) assert.equal(next(entry, at), expected, entry);
  assert.equal(next('16 10 * * *', '2026-11-28T10:16:00Z'), '2026-11-29T10:16:00.000Z');
});

test('an invalid cron entry is rejected with the field and its allowed values', () => {
  const cases: [entry: string, text: RegExp][] = [
    ['* * * *', /4 fields instead of 5/],
    ['60 * * * *', /minute '60': 0 to 59 are allowed/],
    ['* 24 * * *', /hour '24'/],
    ['* * 0 * *', /day of month '0'/],
    ['* * * 13 *', /month '13'/],
    ['* * * * 8', /day of week '8'/],
    ['9-5 * * * *', /minute '9-5'/],
    ['*/0 * * * *', /minute '\*\/0'/],
    ['a * * * *', /'a' is not a valid minute/],
    [', * * * *', /'' is not a valid minute/],
    ['0 0 30 2 *', /never occurs/],
    ['*'.repeat(cronTextMax + 1), /256 characters/],
  ];
  for (const [entry, message] of cases) {
    assert.throws(() => new CronTimes(entry), { code: 'precondition-failed', message }, entry);
  }
});
