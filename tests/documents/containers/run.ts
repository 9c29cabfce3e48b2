// Runs the snippets with containers, in a network namespace of its own: they name ports of the machine.
// `docker` is Podman there. `containers.test.ts` starts it, with the packed tarball as its argument.

import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildServiceImage, Podman } from '../../support/podman.ts';
import { Shell } from '../shell.ts';
import { snippetsFor } from '../snippets.ts';

const test = 'tests/documents/containers.test.ts';
const [install = ''] = snippetsFor(test, 'docs/operate/install.md', 1);
const [backup = ''] = snippetsFor(test, 'docs/operate/backup.md', 1);
const podman = new Podman();
try {
  await buildServiceImage(podman, process.argv[2] ?? '');
  const shell = new Shell(podman.environment);
  const { root } = shell.folder;
  writeFileSync(join(root, 'tools', 'docker'), '#!/bin/sh\nexec podman "$@"\n', { mode: 0o755 });
  assert.match(await shell.succeed(install), /"BrokerName": "default"/);
  await shell.succeed('docker rm --force --time 10 waxwing');

  // The first line says how the container is started for the others.
  const [first = '', ...rest] = backup.split('\n');
  const [, volume = ''] = /start the container with (-v "\S+)/.exec(first) ?? [];
  assert.notEqual(volume, '');
  await shell.succeed(first);
  await shell.succeed(install.replace('docker run ', `docker run ${volume} `));
  await shell.succeed(rest.join('\n'));
  const { uid, size } = statSync(join(root, 'backups', 'now.backup'));
  assert.deepEqual([uid, size > 0, existsSync(join(root, 'waxwing-ca.pem'))], [65532, true, true]);
  console.log('2 snippets');
} finally {
  await podman.remove();
}
