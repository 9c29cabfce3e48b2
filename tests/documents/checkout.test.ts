import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLong } from '../support/proof.ts';
import { repository } from './markdown.ts';
import { Shell } from './shell.ts';
import { snippetsFor } from './snippets.ts';

// `npm start` in a checkout without dependencies and without a build, which it installs and makes.

const pages = ['README.md', 'docs/guides/first-steps.md', 'docs/start/application-developer.md'];
const left = ['.git', 'dist', 'node_modules', 'waxwing-data'];

test('a checkout installs its dependencies, is built, and starts', {
  skip: !isLong && 'in the long run',
  timeout: 900_000,
}, async (t) => {
  if (!isRegistryThere()) return t.skip('no registry of npm can be reached');
  const shell = new Shell({ WAXWING_API_PORT: '0', WAXWING_AMQPS_PORT: '0' });
  t.after(() => shell.folder.remove());
  for (const name of readNames()) {
    cpSync(join(repository, name), join(shell.folder.root, name), { recursive: true });
  }
  for (const page of pages) {
    const [start = ''] = snippetsFor('tests/documents/checkout.test.ts', page, 1);
    await (await shell.serve(start, {}, 600_000)).stop();
  }
});

/** The files and folders that the checkout would have. */
function readNames(): string[] {
  return execFileSync('ls', ['-A', repository], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && !left.includes(name));
}

function isRegistryThere(): boolean {
  try {
    execFileSync('npm', ['ping'], { stdio: 'pipe', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}
