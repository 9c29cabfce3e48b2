// The comparison of two result files.

import { readFileSync } from 'node:fs';
import { showNumber } from './columns.ts';
import type { FigureName, Measurement, Results } from './results.ts';
import { medianOf } from './statistics.ts';

/**
 * Compares two result files: `node dist/bench/compare.js BEFORE.json AFTER.json` prints the medians
 * and their ratio.
 */

const [beforeFile, afterFile] = process.argv.slice(2);
if (beforeFile === undefined || afterFile === undefined) {
  console.error('use: node dist/bench/compare.js BEFORE.json AFTER.json');
  process.exit(1);
}

const read = (file: string): Measurement[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as Results).measurements;
const before = read(beforeFile);
const after = read(afterFile);

const seen = new Set<string>();
for (const { scenario, peer, bodyBytes, figures } of before) {
  for (const figure of Object.keys(figures) as FigureName[]) {
    const series = { scenario, peer, bodyBytes, figure };
    const key = JSON.stringify(series);
    const [old, now] = [medianOf(before, series), medianOf(after, series)];
    if (seen.has(key) || old === undefined || now === undefined) continue;
    seen.add(key);
    const ratio = old === 0 ? '' : `${showNumber(now / old)} ×`;
    const where = `${scenario} ${bodyBytes} B ${peer} ${figure}`;
    console.log(`${where}: ${showNumber(old)} → ${showNumber(now)} ${ratio}`);
  }
}
