import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PairInstallation } from './installation.ts';
import { Instance } from './instance.ts';

const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];

test('an instance is active when all of its ports are open', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-instance-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'java');
  writeFileSync(program, '#!/bin/sh\nexec sleep 600\n', { mode: 0o700 });
  const servers = [createServer(), createServer()] as const;
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  const installation = { home: folder, java: { program }, user: { uid, gid } };
  const paths = { conf: folder, temporary: folder, data: folder };
  const instance = new Instance(
    {
      ...{ number: 1, heapMib: 64, paths, ports },
      installation: installation as PairInstallation, // nothing else is read
    },
    { line: () => {}, ended: () => {} },
  );
  t.after(() => instance.kill());
  t.after(() => servers[0].close());
  assert.equal(await instance.isActive(), true);
  await once(servers[1].close(), 'close');
  assert.equal(await instance.isActive(), false);
});
