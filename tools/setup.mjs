// Makes a checkout ready to run: installs what the lock file names when it changed, and builds what
// is stale. Plain JavaScript, because it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = ['src', 'tests', 'tools', 'bench'];

/** Runs a command to its end; its output is shown only where it fails. */
function run(what, command, args) {
  console.error(`waxwing: ${what} …`);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}\nwaxwing: ${what} failed\n`);
  process.exit(1);
}

/** What was done last time, or an empty string. */
function stamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function install() {
  const file = join(root, 'node_modules', '.waxwing-lock');
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  const wanted = hash.digest('hex');
  if (stamp(file) === wanted) return;
  // Not `npm ci`: it refuses a lock file made where a registry has only some of the platform
  // packages of a tool. `--no-save` keeps to the lock file and leaves it as it is.
  run('installing dependencies', 'npm', ['install', '--no-save', '--no-audit', '--no-fund']);
  writeFileSync(file, wanted);
}

/** Newest change of a source file under the folder, in milliseconds. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) latest = Math.max(latest, newest(path));
    else if (entry.name.endsWith('.ts')) latest = Math.max(latest, statSync(path).mtimeMs);
  }
  return latest;
}

function build() {
  const file = join(root, 'dist', '.waxwing-built');
  const settings = ['tsconfig.json', 'package-lock.json'];
  const present = sources.map((name) => join(root, name)).filter((path) => existsSync(path));
  const changed = Math.max(
    ...settings.map((name) => statSync(join(root, name)).mtimeMs),
    ...present.map(newest),
  );
  if (existsSync(file) && statSync(file).mtimeMs > changed) return;
  run('building', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root]);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
}

install();
build();
