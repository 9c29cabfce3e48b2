// Makes a checkout ready to run: installs the dependencies when they are not those of the lock
// file, and compiles and bundles when a source is newer than what was compiled. Plain JavaScript,
// because it runs before there is a compiler; quick when there is nothing to do, because `npm start`
// begins with it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = join(root, 'dist', '.compiled');
const sourceFolders = ['src', 'tests', 'tools', 'bench'];

function fail(message) {
  process.stderr.write(`waxwing setup: ${message}\n`);
  process.exit(1);
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Node.js ${process.versions.node} is too old; 20.19 or newer is needed`);
}

/** Whether what npm says it installed is what the lock file asks for. */
function isInstalled() {
  const record = readOrEmpty(join(root, 'node_modules', '.package-lock.json'));
  if (record === '') return false;
  const installed = JSON.parse(record).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || installed[path]?.version === version || (optional && !installed[path]),
  );
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) fail(`${command} cannot be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Names, sizes and times of everything that is compiled, as one hash. */
function fingerprint() {
  const hash = createHash('sha256');
  const add = (file) => {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  };
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (path.endsWith('.ts')) add(path);
    }
  };
  add('tsconfig.json');
  add('package-lock.json');
  sourceFolders.forEach(walk);
  return hash.digest('hex');
}

/** Deletes what was compiled from a source that is no longer there: its tests would still run. */
function deleteOrphans(folder) {
  if (!existsSync(join(root, 'dist', folder))) return;
  for (const entry of readdirSync(join(root, 'dist', folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) deleteOrphans(path);
    else if (!/\.js(\.map)?$/.test(path)) continue;
    else if (!existsSync(join(root, path.replace(/\.js(\.map)?$/, '.ts')))) {
      rmSync(join(root, 'dist', path));
    }
  }
}

checkNode();
if (!isInstalled()) {
  process.stderr.write('waxwing setup: installing the dependencies\n');
  // Not `npm ci`: it refuses a lock file made where a registry has only some of the platform
  // packages of a tool. `--no-save` keeps to the lock file and leaves it as it is.
  run('npm', ['install', '--no-save', '--include=dev', '--loglevel=error']);
}
const sources = fingerprint();
if (readOrEmpty(stampFile) !== sources) {
  process.stderr.write('waxwing setup: compiling\n');
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root]);
  sourceFolders.forEach(deleteOrphans);
  run(process.execPath, [join(root, 'dist/tools/bundle.js')]);
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, sources);
}
