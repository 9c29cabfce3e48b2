// A reporter of Node's test runner: the time of each test file, longest first. `npm test` writes it
// to dist/test-times.txt.

import { relative } from 'node:path';

/** The parts of a test runner's event that this reporter reads. */
interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly file?: string;
    readonly nesting?: number;
    readonly details?: { readonly duration_ms?: number };
  };
}

/** Sums the seconds of the tests of each file. Tests of a file that run at the same time count twice. */
export default async function* testTimes(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const msByFile = new Map<string, number>();
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting !== 0) continue;
    const file = relative('dist', data.file ?? 'unknown');
    msByFile.set(file, (msByFile.get(file) ?? 0) + (data.details?.duration_ms ?? 0));
  }
  const sorted = [...msByFile].sort(([, a], [, b]) => b - a);
  for (const [file, ms] of sorted) yield `${(ms / 1000).toFixed(1).padStart(7)} s  ${file}\n`;
}
