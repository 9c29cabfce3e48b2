// Makes a checkout ready to run: installs the dependencies when they differ from the lock file, and
// builds when a source has changed since the last build. `setup.mjs start` builds only the programs
// that `npm start` runs, and the web console; without the argument, it also compiles tests, tools and
// benchmarks. Plain
// JavaScript, because it runs before anything is compiled. It is quick when there is nothing to do,
// because `npm start` begins with it.
import { spawn } from 'node:child_process';
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
const compiledFolders = ['src', 'tests', 'tools', 'bench'];
/** Files that a build reads. */
const isSource = /\.(tsx?|css|html|svg|mjs)$/;
const isForStart = process.argv[2] === 'start';

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

/**
 * Runs one step. Says how long it took, since a step may take half a minute, and then what the program said.
 *
 * @returns {Promise<boolean>} whether it succeeded
 */
function step(what, command, args) {
  process.stderr.write(`waxwing setup: ${what} …\n`);
  const startedMs = performance.now();
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  return new Promise((resolve) => {
    child.once('error', (error) => fail(`${command} cannot be run: ${error.message}`));
    child.once('close', (status) => {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      const end = status === 0 ? `done in ${seconds} s` : 'failed';
      process.stderr.write(`waxwing setup: ${what}: ${end}\n${said}`);
      resolve(status === 0);
    });
  });
}

/** Names, sizes and times of the files in some folders, and of the build's own settings, as one hash. */
function fingerprint(folders) {
  const hash = createHash('sha256');
  const add = (file) => {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  };
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (isSource.test(path)) add(path);
    }
  };
  for (const file of ['tsconfig.json', 'package-lock.json', 'tools/bundle.mjs']) add(file);
  folders.forEach(walk);
  return hash.digest('hex');
}

/** Deletes the output of a source file that was removed: its tests would still run. */
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

/**
 * Builds unless the stamp of the last build says that the sources are the same.
 *
 * @returns {Promise<boolean>} whether everything is built
 */
async function buildOnce(name, folders, build) {
  const stampFile = join(root, 'dist', name);
  const sources = fingerprint(folders);
  if (readOrEmpty(stampFile) === sources) return true;
  if (!(await build())) return false;
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, sources);
  return true;
}

const inModules = (path) => join(root, 'node_modules', path);

function buildPrograms() {
  return step('building the programs', process.execPath, [join(root, 'tools/bundle.mjs')]);
}

function buildConsole() {
  const config = join(root, 'console/vite.config.mjs');
  const args = [inModules('vite/bin/vite.js'), 'build', '--config', config];
  return step('building the console', process.execPath, args);
}

async function compile() {
  const args = [inModules('typescript/bin/tsc'), '-p', root];
  const isDone = await step('compiling tests, tools and benchmarks', process.execPath, args);
  if (isDone) compiledFolders.forEach(deleteOrphans);
  return isDone;
}

function checkConsole() {
  const args = [inModules('typescript/bin/tsc'), '-p', 'console'];
  return step('checking the types of the console', process.execPath, args);
}

checkNode();
if (!isInstalled()) {
  // Not `npm ci`: it refuses a lock file made where a registry has only some of the platform
  // packages of a tool. `--no-save` keeps to the lock file and leaves it as it is.
  const isDone = await step('installing the dependencies', 'npm', [
    ...['install', '--no-save', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'],
  ]);
  if (!isDone) process.exit(1);
}
// At the same time: none reads what another writes, and together they keep the processors busy. The
// longest is started first.
const built = await Promise.all([
  ...(isForStart ? [] : [buildOnce('.compiled', compiledFolders, compile)]),
  buildOnce('.console', ['console'], buildConsole),
  buildOnce('.bundled', ['src'], buildPrograms),
  ...(isForStart ? [] : [buildOnce('.console-checked', ['console'], checkConsole)]),
]);
if (!built.every(Boolean)) process.exit(1);
