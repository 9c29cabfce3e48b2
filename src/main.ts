// The entry point of the program `waxwing`.

import { needsFipsProcess } from './cli/fips/fips-setting.ts';
import { startBrokerProcess } from './engines/waxwing/broker-start.ts';
import { loadProgram } from './load-program.ts';

const isRepeated = needsFipsProcess(process.argv, process.env);
// A broker process takes as long to load as this program, so both load at the same time.
const spare = process.argv[2] === 'serve' && !isRepeated ? startBrokerProcess() : undefined;
const { run } = loadProgram() as typeof import('./cli/program.ts');
run(process.argv, spare).catch((error: unknown) => {
  // An error that is not a message for the user ends the program with its stack.
  setImmediate(() => {
    throw error;
  });
});
