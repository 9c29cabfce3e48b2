// Loaded into each test program by `npm test`: when the program ends, it appends the processor
// seconds of itself and of its child processes to a file that the reporter of times reads.

import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { childrenCpuSeconds } from './cpu-time.ts';
import { cpuFile } from './test-times.ts';

const program = process.argv[1] ?? '';
if (process.env['NODE_TEST_CONTEXT'] !== undefined && program.endsWith('.test.js')) {
  process.once('exit', () => {
    const { user, system } = process.cpuUsage();
    const seconds = (user + system) / 1e6 + childrenCpuSeconds();
    appendFileSync(cpuFile, `${seconds.toFixed(2)} ${relative('dist', program)}\n`);
  });
}
