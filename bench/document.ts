// Writes reports to docs/performance.md.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from './project.ts';

const begin = '<!-- Written by `npm run bench -- --write`: begin -->';
const end = '<!-- end -->';

/** Replaces the report in docs/performance.md. */
export function writeDocument(text: string): string {
  const file = join(projectFolder, 'docs', 'performance.md');
  const [before, rest] = readFileSync(file, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`${file} has no place for the tables: ${begin} … ${end}`);
  writeFileSync(file, `${before}${begin}\n\n${text}\n\n${end}${after}`);
  return file;
}
