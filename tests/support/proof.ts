// The results of long tests in docs/proof.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Whether the large numbers are asked for: `npm run test:long`. */
export const isLong = process.env['WAXWING_LONG'] === '1';

/**
 * Writes what a long run measured to docs/proof, where that is asked for:
 * `npm run test:long -- --proof`.
 */
export function writeProof(name: string, figures: object): void {
  if (process.env['WAXWING_PROOF'] !== '1') return;
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  const proof = {
    commit: git('rev-parse', 'HEAD').trim(),
    isCommitChanged: git('status', '--porcelain', '--', 'src').trim() !== '',
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      node: process.version,
    },
    ...figures,
  };
  const folder = join(root, 'docs', 'proof');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(proof, null, 2)}\n`);
}
