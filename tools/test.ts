// `npm test` runs the linter, the search for unused code, and all test files from the compiled
// output. Options: --long includes large cases (sets WAXWING_LONG=1); --proof writes the results of
// long tests to docs/proof (sets WAXWING_PROOF=1); --node24 uses the newest supported Node version,
// which npm downloads because it has a hundred megabytes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const isLong = process.argv.includes('--long');
const isProof = process.argv.includes('--proof');
const isNode24 = process.argv.includes('--node24');
const node24 = ['npm', 'exec', '--yes', '--package=node@24.21.0', '--', 'node'] as const;

/** Whether a compiled file has a source. The compiler keeps the output of files that are gone. */
const hasSource = (path: string) => existsSync(relative('dist', path).replace(/\.js$/, '.ts'));

/** Returns the test files in a folder of the compiled output in sorted order. */
function testFiles(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...testFiles(path));
    else if (entry.name.endsWith('.test.js') && hasSource(path)) found.push(path);
  }
  return found.sort();
}

/** Folders of `tests/conformance` whose files share a process. Others share one. */
const conformance = [['mq'], ['kms', 'cloudtrail'], ['iam', 'sso', 'sts'], ['api']];

/**
 * The test files that share a process, because starting a process takes longer than most of these
 * tests, by the name of the group.
 */
function sharedFiles(): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const entry of readdirSync(join('dist', 'src'), { withFileTypes: true })) {
    if (entry.isDirectory()) groups.set(entry.name, testFiles(join('dist', 'src', entry.name)));
  }
  for (const name of ['contract', 'records'])
    groups.set(name, testFiles(join('dist', 'tests', name)));
  for (const file of testFiles(join('dist', 'tests', 'conformance'))) {
    const [, , , folder = ''] = file.split(/[/\\]/);
    const group = conformance.find((folders) => folders.includes(folder)) ?? ['others'];
    const name = `conformance-${group.join('-')}`;
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  return groups;
}

const shared = sharedFiles();
const groupFolder = join('dist', 'test-groups');

/** For each group, writes a file that imports all of its test files. Returns these files. */
function writeGroups(): string[] {
  rmSync(groupFolder, { recursive: true, force: true });
  mkdirSync(groupFolder, { recursive: true });
  const groups: string[] = [];
  for (const [name, members] of shared) {
    if (members.length === 0) continue;
    const group = join(groupFolder, `${name}.test.js`);
    const imports = members.map((file) => `import '${relative(groupFolder, file)}';\n`);
    writeFileSync(group, imports.join(''));
    groups.push(group);
  }
  return groups;
}

function step(what: string, command: string, args: string[]): boolean {
  console.log(`# ${what}`);
  const env = {
    ...process.env,
    ...(isLong && { WAXWING_LONG: '1' }),
    ...(isProof && { WAXWING_PROOF: '1' }),
  };
  return spawnSync(command, args, { stdio: 'inherit', env }).status === 0;
}

const bin = (name: string) => join('node_modules', '.bin', name);
const isShared = new Set([...shared.values()].flat());
const files = ['tests', 'tools', 'bench']
  .flatMap((name) => testFiles(join('dist', name)))
  .filter((file) => !isShared.has(file));
const groups = writeGroups();
const reporters = [
  ...['--test-reporter=tap', '--test-reporter-destination=stdout'],
  `--test-reporter=${pathToFileURL(join('dist', 'tools', 'test-times.js')).href}`,
  `--test-reporter-destination=${join('dist', 'test-times.txt')}`,
];
const [node, ...nodeArguments] = isNode24 ? node24 : ([process.execPath] as const);
// The tests run last, so that their summary is the end of the output.
const passed = [
  step('lint', bin('biome'), ['check', '--error-on-warnings', '.']),
  step('what nothing uses', bin('knip'), []),
  step(`${files.length + groups.length} test programs${isNode24 ? ' under Node 24' : ''}`, node, [
    ...nodeArguments,
    '--test',
    '--test-concurrency=3',
    ...reporters,
    ...files,
    ...groups,
  ]),
];
process.exitCode = passed.every(Boolean) ? 0 : 1;
