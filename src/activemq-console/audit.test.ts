import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditLog } from './audit.ts';

const lines: string[] = [];
const log = new AuditLog(
  (line) => lines.push(line),
  () => Date.UTC(2026, 10, 29, 10, 5, 7, 8),
);

test('no value that a client chooses hides the address from which it came', () => {
  const names = ['JMSDestination', 'JMSDestinationType', 'destination', 'count', 'from'];
  const long = '|'.repeat(4000);
  log.requested(
    'bob',
    `/admin/queues/${long}`,
    names.map((name) => [name, long] as const),
    '192.0.2.1',
  );
  assert.match(lines[0] ?? '', / from 192\.0\.2\.1 at 29-11-2026 10:05:07,008 \| console$/);
  assert.equal(lines[0]?.split(' | ').length, 3);
});

test('values are shown as a whole up to their limit, and neither lines nor fields end in them', () => {
  const name = 'x'.repeat(255);
  log.requested('bob', '/admin/a', [['JMSDestination', name]], '192.0.2.1');
  assert.ok(lines[1]?.includes(`JMSDestination='[${name}]'`));
  log.requested('bob', '/admin/a', [['JMSDestination', 'a\nINFO | b | c']], '192.0.2.1');
  assert.ok(lines[2]?.includes(String.raw`a\x0aINFO \x7c b \x7c c`));
});
