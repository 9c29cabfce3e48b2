import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkOperationErrors, operationErrors } from './errors-of-operations.ts';

test('an error that an operation names is on the page, and no other one', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-errors-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const lines = operationErrors.map(({ code }) => `throw new AwsError('${code}', text);`);
  const write = (...more: string[]) =>
    writeFileSync(join(folder, 'operations.ts'), [...lines, ...more].join('\n'));
  write("throw new AwsError(\n  'MadeUpException',\n  text);");
  assert.throws(() => checkOperationErrors('', folder), /no description of MadeUpException$/);
  checkOperationErrors('| `MadeUpException`, 400 |', folder);
  lines.pop();
  write();
  const { code } = operationErrors.at(-1) ?? {};
  assert.throws(() => checkOperationErrors('', folder), new RegExp(`no operation names ${code}$`));
});
