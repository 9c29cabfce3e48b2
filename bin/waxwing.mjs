#!/usr/bin/env node
// The command `waxwing` of a checkout. It runs what `npm start` has built, and says so where nothing
// is built yet; `waxwing env --wait` waits for the build, because it is often run beside a first start.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'dist', 'bin', 'waxwing.js');
const retryMs = 200;
const waitMsMax = 120_000;

async function isBuilt() {
  const isWaiting = process.argv[2] === 'env' && process.argv.includes('--wait');
  const untilMs = performance.now() + (isWaiting ? waitMsMax : 0);
  while (!existsSync(program)) {
    if (performance.now() >= untilMs) return false;
    await sleep(retryMs);
  }
  return true;
}

if (await isBuilt()) {
  process.argv[1] = program;
  await import(program);
} else {
  process.stderr.write(`waxwing: not built yet: run 'npm start' in ${root} first\n`);
  process.exitCode = 1;
}
