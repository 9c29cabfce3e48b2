import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HealthProbe } from './health-probe.ts';

test('nothing is written to a folder on which no volume is mounted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-probe-'));
  try {
    await utimes(folder, 0, 0);
    assert.equal(await new HealthProbe(folder).problem(), 'nothing is mounted');
    assert.equal((await stat(folder)).mtimeMs, 0);
  } finally {
    await rm(folder, { recursive: true });
  }
});
