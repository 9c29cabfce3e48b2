import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { statements, untested } from './statements.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** The statements in the titles of all tests. */
function titled(): Set<string> {
  const files = readdirSync(join(root, 'tests'), { recursive: true, encoding: 'utf8' });
  const found = new Set<string>();
  for (const file of files.filter((name) => name.endsWith('.test.ts'))) {
    const text = readFileSync(join(root, 'tests', file), 'utf8');
    for (const [title] of text.matchAll(/\btest\(\s*'[^']*'/g)) {
      for (const [, id = ''] of title.matchAll(/\[MQTT-([\d.]+-\d+)\]/g)) found.add(id);
    }
  }
  return found;
}

test('each normative statement of MQTT 5 is in the title of a test, or there is a reason why not', () => {
  const known = new Set(statements);
  const tested = titled();
  const excused = untested.flatMap(({ ids }) => ids);
  const unknown = [...tested, ...excused].filter((id) => !known.has(id));
  assert.deepEqual(unknown, [], 'statements that the standard does not have');
  assert.equal(new Set(excused).size, excused.length, 'a statement has two reasons');
  const both = excused.filter((id) => tested.has(id));
  assert.deepEqual(both, [], 'statements with a reason that are tested');
  const missing = statements.filter((id) => !tested.has(id) && !excused.includes(id));
  assert.deepEqual(missing, []);
});
