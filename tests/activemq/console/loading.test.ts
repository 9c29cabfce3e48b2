import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { packageFolder } from '../../../src/base/package-folder.ts';

// The console costs the start of a broker nothing: its modules are only imported by the first request.

/** The modules that a start imports, from the root of the repository. */
function importedBy(main: string): Set<string> {
  const found = new Set<string>();
  const visit = (path: string) => {
    const name = relative(packageFolder, path);
    if (found.has(name)) return;
    found.add(name);
    const text = readFileSync(path, 'utf8');
    for (const [, from = ''] of text.matchAll(
      /^(?:import|export) (?!type )[^;]*?from '(\.[^']+)';/gms,
    )) {
      visit(join(dirname(path), from));
    }
  };
  visit(join(packageFolder, main));
  return found;
}

test('the process of a broker imports no module of the console when it starts', () => {
  const atStart = importedBy('src/engines/waxwing/child.ts');
  assert.ok(atStart.has('src/engines/waxwing/hosted-broker.ts'));
  assert.ok(atStart.has('src/broker/broker.ts'));
  const ofConsole = (all: Set<string>) =>
    [...all].filter((name) => name.startsWith('src/activemq-console/'));
  assert.deepEqual(ofConsole(atStart), []);
  // Opening the port needs its limits, and nothing else.
  const withPort = importedBy('src/engines/waxwing/console/console-port.ts');
  assert.deepEqual(ofConsole(withPort), ['src/activemq-console/limits.ts']);
  const text = readFileSync(
    join(packageFolder, 'src/engines/waxwing/console/console-port.ts'),
    'utf8',
  );
  assert.ok(text.includes("await import('../../../activemq-console/api.ts')"));
});
