#!/usr/bin/env node
import { dismissSpare, prepareSpare } from './engines/waxwing/spare-process.ts';

// A broker's process takes as long to load as everything here does: it loads meanwhile.
if (process.argv[2] === 'serve') prepareSpare();
const { run } = await import('./cli/program.ts');
await run(process.argv);
dismissSpare();
