import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressLine } from './progress-line.ts';

function shown(isTTY: boolean) {
  let written = '';
  const clock = { ms: 0 };
  const stream = {
    isTTY,
    write: (text: string) => {
      written += text;
    },
  };
  const line = new ProgressLine(stream, () => clock.ms);
  return { line, clock, written: () => written.replaceAll('\r\u001b[K', '|') };
}

const mib = 1024 * 1024;

test('a terminal shows the progress on one line, at most ten times a second', () => {
  const { line, clock, written } = shown(true);
  line.show('system', mib, 4 * mib);
  line.show('system', 2 * mib, 4 * mib);
  clock.ms = 100;
  line.show('system', 3 * mib, 4 * mib);
  line.clear();
  line.clear();
  assert.equal(written(), '|system: 1.0 of 4.0 MiB, 25 %|system: 3.0 of 4.0 MiB, 75 %|');
});

test('a file or pipe gets no progress output', () => {
  const { line, written } = shown(false);
  line.show('system', mib, 4 * mib);
  line.clear();
  assert.equal(written(), '');
});
