#!/usr/bin/env node
// The entry point of the program `waxwing`.

import { needsFipsProcess } from './cli/fips/fips-setting.ts';
import { codeCacheFolder } from './engines/waxwing/code-cache.ts';
import { dismissSpare, prepareSpare } from './engines/waxwing/spare-process.ts';

const isRepeated = needsFipsProcess(process.argv, process.env);
// A broker process takes as long to load as this program, so both load at the same time.
if (process.argv[2] === 'serve' && !isRepeated) prepareSpare();
// The types are those of Node 20, which lacks this function.
const { enableCompileCache } = process.getBuiltinModule('node:module') as {
  enableCompileCache?: (folder: string) => unknown;
};
enableCompileCache?.(codeCacheFolder);
const { run } = await import('./cli/program.ts');
await run(process.argv);
dismissSpare();
