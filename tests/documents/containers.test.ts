import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packageFolder } from '../../src/base/package-folder.ts';
import { installed } from '../support/debian-packages.ts';
import { ownNetworkArgs } from '../support/own-network.ts';
import { isLong } from '../support/proof.ts';

// The snippets with containers: those of 'docs/operate/install.md' and 'docs/operate/backup.md', with Podman.

test('containers are started, backed up and restored as the pages show it', {
  skip: !isLong && 'in the long run',
  timeout: 600_000,
}, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root may run containers with a network here');
  const why = await installed('podman', 'buildah', 'runc', 'awscli');
  if (why !== undefined) return t.skip(why);
  const made = execFileSync(process.execPath, [join(packageFolder, 'tools', 'package.mjs')]);
  const [tarball = ''] = /dist\/\S+\.tgz/.exec(made.toString()) ?? [];
  const program = fileURLToPath(new URL('containers/run.js', import.meta.url));
  const args = [process.execPath, program, join(packageFolder, tarball)];
  // Podman of root keeps addresses and names of containers in a folder of the machine.
  const mount = 'mkdir -p /run/containers && mount -t tmpfs none /run/containers && exec "$0" "$@"';
  const inside = ownNetworkArgs('/bin/sh', '-c', mount, ...args);
  const { stdout } = await promisify(execFile)('unshare', ['--mount', ...inside]);
  assert.match(stdout, /^2 snippets$/m);
});
