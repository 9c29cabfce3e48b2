import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replaceReport } from './document.ts';

const section = (command: string, text: string) =>
  `<!-- Written by \`${command} -- --write\`: begin -->\n\n${text}\n\n<!-- end -->`;

const both = (first: string, second: string) =>
  `# Title\n\n${section('npm run a', first)}\n\nBetween.\n\n${section('npm run a:b', second)}\n\nAfter.\n`;

test('a report replaces only the previous report of the same command', () => {
  const document = both('old', 'other');
  assert.equal(replaceReport(document, 'npm run a', 'new'), both('new', 'other'));
  assert.equal(replaceReport(document, 'npm run a:b', 'new'), both('old', 'new'));
});

test('a report without a section in the document is refused', () => {
  assert.throws(() => replaceReport('# Title\n', 'npm run a', 'new'), /no place .*npm run a/);
  const open = section('npm run a', 'old').replace('<!-- end -->', '');
  assert.throws(() => replaceReport(open, 'npm run a', 'new'), /no place/);
});
