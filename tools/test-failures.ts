// A reporter of Node's test runner. `npm test` writes its output to dist/test-failures.txt and
// prints it last: continuous integration services often show only the end of an output.

import { relative } from 'node:path';
import { inspect } from 'node:util';
import { uncaughtText } from './test-tracking.ts';

/** The parts of a test runner's event that this reporter reads. */
interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly line?: number;
    /** What a program wrote. */
    readonly message?: string;
    readonly details?: {
      readonly error?: { readonly failureType?: string; readonly cause?: unknown };
    };
  };
}

/** Longest text of one error, characters. */
const textLengthMax = 3000;

/** Writes the name, the place and the error of each test that fails. Suites fail with their tests. */
export default async function* testFailures(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    const uncaught = type === 'test:stderr' ? (data.message?.indexOf(uncaughtText) ?? -1) : -1;
    if (uncaught >= 0) yield `\n${data.message?.slice(uncaught, uncaught + textLengthMax)}\n`;
    const { error } = data.details ?? {};
    if (type !== 'test:fail' || error?.failureType === 'subtestsFailed') continue;
    const place = `${relative('dist', data.file ?? 'unknown')}:${data.line ?? 0}`;
    const text = inspect(error?.cause ?? error).slice(0, textLengthMax);
    yield `\nfailed: ${data.name} (${place})\n${text}\n`;
  }
}
