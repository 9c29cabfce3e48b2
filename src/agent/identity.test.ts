import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rootKeySource } from '../server/root-key/source.ts';
import { IdentityFile } from './identity.ts';

const folder = await mkdtemp(join(tmpdir(), 'waxwing-identity-'));
after(() => rm(folder, { recursive: true }));

test('the identity of a host is kept with a sealed key until the host is removed', async () => {
  const source = rootKeySource({ WAXWING_ROOT_KEY_FILE: join(folder, 'root.key') });
  const file = await IdentityFile.in(join(folder, 'host'), source);
  const identity = {
    hostId: `h-${'0'.repeat(17)}`,
    name: 'host-b',
    zone: 'b',
    address: '10.0.0.2',
    host: '10.0.0.1',
    port: 8444,
    authority: 'authority',
    certificate: 'certificate',
    privateKey: 'canary key',
  };
  assert.equal(await file.read(), undefined);
  await file.write(identity);
  assert.deepEqual(await file.read(), identity);
  const stored = await readFile(join(folder, 'host', 'host.json'), 'utf8');
  assert.ok(!stored.includes('canary'));
  await file.remove();
  assert.equal(await file.read(), undefined);
});
