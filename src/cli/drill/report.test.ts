import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { DrillResult } from './drill.ts';
import { asJson, asMarkdown, type DrillReport } from './report.ts';

const result: DrillResult = {
  name: 'wire-tap',
  promise: 'Nobody reads the network.',
  hasPassed: false,
  done: ['listened'],
  observations: [
    { what: 'nothing is readable', isAsPromised: true, seen: 'nothing in 12 bytes' },
    { what: 'no | weak suite', isAsPromised: false, seen: 'TLSv1\n\u001b[2J | agreed' },
  ],
  error: 'Error: it\nended',
  durationMs: 1234,
};
const inPart: DrillResult = {
  name: 'promoted-replica',
  promise: 'Nothing is lost.',
  hasPassed: true,
  done: [],
  observations: [],
  notTried: ['pairs: there is no\nJava'],
  durationMs: 1,
};
const report: DrillReport = {
  title: 'Drills',
  started: '2026-01-01T00:00:00.000Z',
  ended: '2026-01-01T00:00:02.000Z',
  subject: {
    waxwing: '1.2.3',
    programSha256: 'ab',
    node: 'v20.0.0',
    openssl: '3.0.0',
    system: 'linux 6 x64',
    host: 'host',
    clients: { amqplib: '1.0.0' },
  },
  passedCount: 1,
  failedCount: 1,
  drills: [result, inPart],
};
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('a report as Markdown shows failures, keeps its tables whole, and ends with its hash', () => {
  const text = asMarkdown(report);
  assert.ok(text.includes('| wire-tap | **failed** |\n'));
  assert.ok(text.includes('| no \\| weak suite | **no** | TLSv1 [2J \\| agreed |\n'));
  assert.ok(text.includes('| promoted-replica | passed, tried in part |\n'));
  assert.ok(text.includes('\nNot tried: pairs: there is no Java\n'));
  assert.ok(text.includes('It ended with an error: Error: it ended\n'));
  const lines = text.split('\n');
  const above = `${lines.slice(0, -2).join('\n')}\n`;
  assert.equal(lines.at(-2), `SHA-256 of the lines above: ${sha256(above)}`);
});

test('a report as JSON has the hash of its member', () => {
  const text = asJson(report);
  const parsed = JSON.parse(text) as { report: DrillReport; sha256: string };
  assert.deepEqual(parsed.report, report);
  assert.equal(parsed.sha256, sha256(JSON.stringify(parsed.report)));
  assert.ok(text.includes(JSON.stringify(report)));
});
