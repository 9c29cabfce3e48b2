// A reporter of Node's test runner. `npm test` writes its output to dist/test-times.txt: the
// processor seconds of each test program with its child processes, and the seconds of each test
// file, longest first.

import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The file to which each test program appends its processor seconds. */
export const cpuFile = join(import.meta.dirname, '..', 'test-cpu.txt');

/** The parts of a test runner's event that this reporter reads. */
interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly nesting?: number;
    readonly details?: { readonly duration_ms?: number; readonly type?: string };
  };
}

/** Lines of seconds and names, longest first. */
function* lines(secondsByName: ReadonlyMap<string, number>): Generator<string> {
  const sorted = [...secondsByName].sort(([, a], [, b]) => b - a);
  for (const [name, seconds] of sorted) yield `${seconds.toFixed(1).padStart(7)} s  ${name}\n`;
}

/** The processor seconds of each program that has ended. */
function cpuSeconds(): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of readFileSync(cpuFile, 'utf8').trimEnd().split('\n')) {
    const [seconds = '', name = ''] = line.split(' ');
    found.set(name, Number(seconds));
  }
  return found;
}

/** Sums the seconds of each file. Tests of a file that run at the same time count twice. */
export default async function* testTimes(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const seconds = new Map<string, number>();
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting !== 0) continue;
    // Programs of several test files have a suite for each of them, which is named after it.
    const isSuite = data.details?.type === 'suite' && data.name?.endsWith('.test.js') === true;
    const file = isSuite ? String(data.name) : relative('dist', data.file ?? 'unknown');
    seconds.set(file, (seconds.get(file) ?? 0) + (data.details?.duration_ms ?? 0) / 1000);
  }
  const cpu = cpuSeconds();
  const sum = [...cpu.values()].reduce((a, b) => a + b, 0);
  yield `processor seconds of test programs and their child processes, ${sum.toFixed(0)} s in all\n`;
  yield* lines(cpu);
  yield '\nseconds of test files, while others run\n';
  yield* lines(seconds);
}
