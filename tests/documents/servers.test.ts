import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installed } from '../support/debian-packages.ts';
import { isLong } from '../support/proof.ts';
import { softHsm } from '../support/soft-hsm.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// Runs the snippets of pages whose service needs other servers. Each page runs in its own namespaces, so that
// the servers have the names, addresses and ports that the page shows.

const run = promisify(execFile);
const program = fileURLToPath(new URL('servers/run.js', import.meta.url));

/** By page: the Debian packages that it needs. */
const pages: Readonly<Record<string, readonly string[]>> = {
  'docs/guides/hosting-for-others.md': ['pebble'],
  'docs/guides/keep-names-free-of-personal-data.md': [],
  'docs/guides/rabbitmq-users.md': ['amqp-tools', 'slapd'],
  'docs/guides/single-sign-on.md': [],
  'docs/operate/install.md': [],
  'docs/operate/moving.md': ['rabbitmq-server'],
  'docs/operate/remote-kms.md': [],
  'docs/operate/root-key.md': [],
  'docs/reference/cloudtrail.md': ['jq'],
};

/** Makes `/etc` a layer of its own, over that of the machine, and the loopback interface usable. */
const prepare = `ip link set lo up
mount -t tmpfs layer "$1" && mkdir "$1/upper" "$1/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" layer /etc
shift
exec "$@"`;

for (const [page, packages] of Object.entries(pages)) {
  test(`the services of ${page} start as shown`, {
    skip: !isLong && 'in the long run',
    timeout: 300_000,
  }, async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only the superuser can create namespaces');
    const why = await installed('awscli', ...packages);
    if (why !== undefined) return t.skip(why);
    const folder = new WaxwingFolder();
    t.after(() => folder.remove());
    const layer = mkdtempSync(join(folder.root, 'layer-'));
    const env = { ...process.env };
    if (page === 'docs/operate/root-key.md') {
      const token = await softHsm(folder.root, 'hsm');
      if (typeof token === 'string') return t.skip(token);
      const variables = { ...token.environment, PIN_FILE: token.pinFile };
      env['WAXWING_TEST_TOKEN'] = JSON.stringify(variables);
    }
    const inside = ['/bin/sh', '-euc', prepare, 'sh', layer, process.execPath, program, page];
    const { stdout } = await run('unshare', ['--mount', '--net', ...inside], { env });
    assert.match(stdout, /^\d+ snippets$/m);
  });
}
