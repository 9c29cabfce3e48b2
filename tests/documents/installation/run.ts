// Runs the snippets that install packages, on a machine with systemd. `installation.test.ts` starts it, in a
// mount namespace of its own, with an empty folder, the npm package and the Debian package as its arguments.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { until } from '../../support/processes.ts';
import { SystemdMachine } from '../../support/systemd-machine.ts';
import { Shell } from '../shell.ts';
import { snippetsFor } from '../snippets.ts';

const test = 'tests/documents/installation.test.ts';
const [unpack = '', install = '', doctor = ''] = snippetsFor(test, 'docs/operate/install.md', 3);
const [timer = ''] = snippetsFor(test, 'docs/operate/backup.md', 1);
const [clusters = ''] = snippetsFor(test, 'docs/guides/clusters.md', 1);
const [pairs = ''] = snippetsFor(test, 'docs/guides/pairs.md', 1);
const [, , folder = '', tarball = '', debian = ''] = process.argv;

const shell = new Shell({ WAXWING_API_PORT: '0', WAXWING_AMQPS_PORT: '0' });
copyFileSync(tarball, join(shell.folder.root, basename(tarball)));
const service = await shell.serve(unpack);
await service.stop();

/** What the guides install. */
const packages = ['rabbitmq-server', 'gocryptfs', 'fuse3', 'activemq'];

const machine = new SystemdMachine(folder);
machine.write('/etc/apt/apt.conf.d/99page', 'APT::Get::Assume-Yes "true";\n');
machine.prepare('apt-get', 'install', '--no-install-recommends', 'sudo');
// They may be installed on this machine. Without a network, they come from the folder of archives.
machine.prepare('apt-get', 'remove', ...packages);
machine.prepare('apt-get', 'install', '--download-only', ...packages, 'openjdk-17-jre-headless');
machine.write(`/root/${basename(debian)}`, readFileSync(debian));
await machine.boot();
try {
  const isRunning = async () => {
    const listed = await machine.run(statusOf(install)).catch((error: Error) => error.message);
    return listed.includes('RUNNING');
  };
  await machine.run(install.replace(statusOf(install), ''));
  await until('the broker of the package runs', isRunning, 60_000);
  assert.match(await machine.run(doctor), /root key/);
  await machine.run(timer);
  assert.match(await machine.run('ls /var/lib/waxwing-backups'), /^\S+Z\.backup$/m);
  assert.match(await machine.run('systemctl is-active waxwing-backup.timer'), /^active$/m);

  await machine.run(clusters);
  await machine.run('test -x /usr/sbin/rabbitmq-server && command -v gocryptfs');
  const state = 'systemctl is-enabled rabbitmq-server || true';
  assert.match(await machine.run(state), /^disabled$/m);
  await machine.run(pairs);
  await machine.run('test -x /usr/bin/activemq && java -version');
  console.log('6 snippets');
} finally {
  await machine.end();
}

/** The last line, which asks for the state; the service may still start. */
function statusOf(snippet: string): string {
  return snippet.split('\n').at(-1) ?? '';
}
