import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PairReplicas } from './pair-replicas.ts';
import { writeRecord } from './replica-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-replicas-'));
after(() => rmSync(folder, { recursive: true }));

const replicas = new PairReplicas({
  placeOf: (_, id) => ({ id, folder: join(folder, id), mountpoint: join(folder, 'mounted') }),
  folderOf: () => folder,
  owner: undefined,
  running: () => undefined,
});

test('a copy from before the roles were swapped is none of the present primary', async () => {
  const record = { lineage: 2, hasIndex: false, bootId: 'x' };
  const states = () => Promise.all([2, 3].map((lineage) => replicas.stateOf('b-1', lineage)));
  assert.deepEqual(await states(), ['nothing', 'nothing']);
  await writeRecord(folder, { ...record, state: 'copy' });
  assert.deepEqual(await states(), ['copy', 'former']);
  for (const state of ['begun', 'copying'] as const) {
    await writeRecord(folder, { ...record, state });
    assert.deepEqual(await states(), ['nothing', 'nothing']);
  }
});
