import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageFolder } from '../src/base/package-folder.ts';
import { drills } from '../src/cli/drill/drills.ts';

// SECURITY.md names for each of its claims the drill or the test that shows it.

const text = readFileSync(join(packageFolder, 'SECURITY.md'), 'utf8');
const [before = '', after = ''] = text.split('## How each claim is checked\n');
const [proofs = ''] = after.split('\n## ');

/** The first cells of the rows of a table that follows a heading. */
function firstCells(part: string, heading: string): string[] {
  const [, section = ''] = part.split(`## ${heading}\n`);
  const [table = ''] = section.split('\n## ');
  return cells(table).map(([first = '']) => first);
}

/** The cells of all rows of a table, without its head. */
function cells(table: string): string[][] {
  const rows = table.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) => row.slice(2, -2).split(' | '));
}

test('each claim of SECURITY.md names what shows it', () => {
  const claims = [
    ...firstCells(before, 'What is protected, and how'),
    ...firstCells(before, 'Attacks and protections'),
  ];
  assert.ok(claims.length > 60);
  assert.deepEqual(claims, [...new Set(claims)], 'each claim is made once');
  const shown = cells(proofs).map(([claim = '']) => claim);
  assert.deepEqual(shown, claims);
});

test('the named tests and drills exist, and every drill is named', () => {
  const files = [...proofs.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path);
  assert.ok(files.length > 60);
  assert.deepEqual(
    files.filter((path) => !existsSync(join(packageFolder, path))),
    [],
  );
  const named = [...proofs.matchAll(/`waxwing drill ([a-z-]+)`/g)].map(([, name]) => name ?? '');
  assert.deepEqual([...new Set(named)].sort(), drills.map(({ name }) => name).sort());
});

test('the threat model names each drill once', () => {
  const model = readFileSync(join(packageFolder, 'docs/security/threat-model.md'), 'utf8');
  const rows = cells(model.split('## Attackers')[1]?.split('\n## ')[0] ?? '');
  const named = rows.flatMap(([, , drill = '']) => drill.replaceAll('`', '').split(', '));
  assert.deepEqual(named.sort(), drills.map(({ name }) => name).sort());
});

test('a claim without a drill or test is one that promises nothing', () => {
  const verdicts = new Map(
    cells(before.split('## Attacks and protections\n')[1] ?? '').map(([claim, verdict]) => [
      claim,
      verdict,
    ]),
  );
  for (const [claim = '', proof = ''] of cells(proofs)) {
    if (!proof.startsWith('not prevented')) continue;
    assert.equal(verdicts.get(claim), 'no', claim);
  }
});
