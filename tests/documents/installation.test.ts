import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packageFolder } from '../../src/base/package-folder.ts';
import { installed } from '../support/debian-packages.ts';
import { isLong } from '../support/proof.ts';

// The snippets that install packages are run on a machine with systemd, which is a layer over this one:
// 'docs/operate/install.md', 'docs/operate/backup.md', 'docs/guides/clusters.md', 'docs/guides/pairs.md'.

/** The file whose name a tool has printed. */
function made(tool: string): string {
  const said = execFileSync(process.execPath, [join(packageFolder, 'tools', tool)]).toString();
  const [, file = ''] = /^(dist\/[^\s:]+)/m.exec(said) ?? [];
  return join(packageFolder, file);
}

test('packages are installed as the pages show it', {
  skip: !isLong && 'in the long run',
  timeout: 900_000,
}, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only the superuser can boot a machine');
  const why = await installed('systemd-container', 'dbus', 'nodejs');
  if (why !== undefined) return t.skip(why);
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-machine-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = fileURLToPath(new URL('installation/run.js', import.meta.url));
  const packages = [made('package.mjs'), made('debian-package.mjs')];
  const args = ['--mount', process.execPath, program, folder, ...packages];
  const { stdout } = await promisify(execFile)('unshare', args);
  assert.match(stdout, /^6 snippets$/m);
});
