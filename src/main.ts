#!/usr/bin/env node
import { codeCacheFolder } from './engines/waxwing/code-cache.ts';
import { dismissSpare, prepareSpare } from './engines/waxwing/spare-process.ts';

// A broker's process takes as long to load as everything here does: it loads meanwhile.
if (process.argv[2] === 'serve') prepareSpare();
// The types are those of Node 20, which does not have it.
const { enableCompileCache } = process.getBuiltinModule('node:module') as {
  enableCompileCache?: (folder: string) => unknown;
};
enableCompileCache?.(codeCacheFolder);
const { run } = await import('./cli/program.ts');
await run(process.argv);
dismissSpare();
