import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const decision = 'docs/decisions/0030-a-stalling-disk-delays-confirms-not-heartbeats.md';
/** Synchronous functions that use no disk. */
const withoutDisk = new Set([
  'hkdfSync',
  'pbkdf2Sync',
  'inflateSync',
  'deflateRawSync',
  'inflateRawSync',
  'unzipSync',
]);

/** The names of synchronous functions that each file of a folder calls. */
function callsIn(folder: string): Map<string, string[]> {
  const calls = new Map<string, string[]>();
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const name of names.sort()) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    const found = [...text.matchAll(/(?<!#)\b([a-z]\w*Sync)\(/g)].map(([, call = '']) => call);
    const kinds = [...new Set(found)].filter((call) => !withoutDisk.has(call)).sort();
    if (kinds.length > 0) calls.set(`${folder}/${name}`, kinds);
  }
  return calls;
}

/** The rows of the decision's list: a file, and the calls in it. */
function listed(): Map<string, string[]> {
  const rows = readFileSync(decision, 'utf8').matchAll(/^\| `(src\/\S+)` \| ([^|]+) \|/gm);
  const callsOf = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, call = '']) => call);
  return new Map([...rows].map(([, file = '', cell = '']) => [file, callsOf(cell).sort()]));
}

test('each synchronous disk call is in the list that says when it is made', () => {
  const calls = callsIn('src');
  assert.ok(calls.size > 5);
  assert.deepEqual(new Map([...calls].sort()), new Map([...listed()].sort()));
});
