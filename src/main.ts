// The entry point of the program `waxwing`.

import { existsSync } from 'node:fs';
import { needsFipsProcess } from './cli/fips/fips-setting.ts';
import { startBrokerProcess } from './engines/waxwing/broker-start.ts';
import { loadProgram } from './load-program.ts';

const isRepeated = needsFipsProcess(process.argv, process.env);

/** The first start of a data folder runs code that others do not. A wrong guess costs milliseconds. */
function isFirstStart(args: readonly string[]): boolean {
  if (args[2] !== 'serve') return false;
  const at = args.indexOf('--data');
  const named = at < 0 ? undefined : args[at + 1];
  const joined = args.find((each) => each.startsWith('--data='))?.slice('--data='.length);
  return !existsSync(named ?? joined ?? process.env['WAXWING_DATA'] ?? 'waxwing-data');
}

const isFirst = isFirstStart(process.argv);
const hasNoBroker = isFirst && process.argv.includes('--no-default-broker');
// A broker process takes as long to load as this program, so both load at the same time.
const isServing = process.argv[2] === 'serve' && !isRepeated;
const spare = isServing && !hasNoBroker ? startBrokerProcess() : undefined;

const { run } = loadProgram(isFirst ? 'first' : undefined) as typeof import('./cli/program.ts');
run(process.argv, spare).catch((error: unknown) => {
  // An error that is not a message for the user ends the program with its stack.
  setImmediate(() => {
    throw error;
  });
});
