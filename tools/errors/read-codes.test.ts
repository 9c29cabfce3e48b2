import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCodes } from './read-codes.ts';

/** Reads the codes of a file with these lines. */
function codesIn(...lines: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-codes-'));
  try {
    writeFileSync(join(folder, 'errors.ts'), lines.join('\n'));
    return readCodes(join(folder, 'errors.ts'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('causes are read from comments of members, and from a list above the union', () => {
  assert.deepEqual(
    codesIn(
      '/** Codes. */',
      'export type AErrorCode =',
      '  /** It',
      '   * broke. */',
      "  | 'one';",
    ),
    [{ code: 'one', cause: 'It broke' }],
  );
  assert.deepEqual(
    codesIn(
      '/**',
      ' * Codes:',
      ' * - `one`: it',
      ' * broke',
      ' * - `two`: it is gone.',
      ' */',
      "export type AErrorCode = 'one' | 'two';",
    ),
    [
      { code: 'one', cause: 'it broke' },
      { code: 'two', cause: 'it is gone' },
    ],
  );
});

test('a code without a cause is refused by name', () => {
  assert.throws(
    () =>
      codesIn(
        '/** Codes. */',
        'export type AErrorCode =',
        '  /** It broke. */',
        "  | 'one'",
        "  | 'two';",
      ),
    /'two' has no cause/,
  );
});
