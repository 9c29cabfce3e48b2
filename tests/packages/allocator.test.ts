import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageFolder } from '../../src/base/package-folder.ts';

// Whoever starts the service sets the thresholds of glibc's allocator, which reads them only then.
const launchers = [
  'package.json',
  'packaging/systemd/waxwing.service',
  'Dockerfile',
  'bench/peers/waxwing-service.ts',
];

for (const file of launchers) {
  test(`${file} starts the service with the thresholds of decision 0137`, () => {
    const text = readFileSync(join(packageFolder, file), 'utf8');
    const found = text.matchAll(/MALLOC_(MMAP|TRIM)_THRESHOLD_[=: ]+'?(\d+)/g);
    assert.deepEqual(
      [...found].map(([, name, value]) => [name, value]),
      [
        ['MMAP', '131072'],
        ['TRIM', '1048576'],
      ],
    );
  });
}
