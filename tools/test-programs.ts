// Which test files share a process. The start of a process and the loading of its modules take more
// processor time than most test files.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { registeredSymbol } from './test-tracking.ts';

/**
 * Folders of the sources, and how many of their test files share a process, in the order in which
 * they are started: what takes long comes first, so that all processors are busy until the end. A file
 * belongs to the longest folder that fits. Where a long run has another number, most files have no test
 * in a short run.
 */
const sharing: readonly (readonly [folder: string, filesPerProcess: number, inLongRun?: number])[] =
  [
    // These wait for other programs most of the time.
    ['tests/engines', 8, 2],
    ['tests/interop', 40],
    ['tests/documents', 5],
    ['tests/service', 6],
    ['tests/cloudwatch', 4],
    // Those of a process share a browser.
    ['tests/console', 8, 2],
    ['tests/fuzz', 1],
    ['tests', 80],
    ['tests/conformance', 80],
    ['src', 200],
    ['tests/management', 20],
    ['tests/stalls', 1],
    ['src/storage', 60],
    ['tests/conformance/kms', 20],
    ['tests/contract', 20],
    ['tests/pressure', 4],
    ['tests/conformance/mq', 40],
    ['tests/abuse', 1],
    ['tests/simulation', 4],
    ['src/server', 40],
    // A service is started once for all of these.
    ['tests/service/shared', 40],
    ['tests/crash', 2],
    ['tools', 10],
    ['bench', 10],
  ];

/** The folder of the output for programs that run several test files. */
const groupFolder = join('dist', 'test-groups');

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

/** The folder of the table that a compiled test file belongs to. */
function folderOf(file: string): string {
  const source = relative('dist', file).split(sep).join('/');
  const fitting = sharing.map(([folder]) => folder).filter((each) => source.startsWith(`${each}/`));
  return fitting.reduce((longest, each) => (each.length > longest.length ? each : longest), '');
}

/**
 * The beginning of a program that runs test files one after the other. Each file is a suite, so that
 * its `before` and `after` run before and after its own tests. Node's runner knows the suite of a test
 * by the asynchronous context in which the test is registered. Files are loaded one by one, because a
 * module that several files wait for would continue all of them in the context of the first one.
 */
const groupHead = `import { AsyncResource } from 'node:async_hooks';
import { describe } from 'node:test';

let loading = Promise.resolve();

function suite(name, load) {
  describe(name, () => {
    const context = new AsyncResource('suite');
    const loaded = loading.then(() => context.runInAsyncScope(load));
    loading = loaded.catch(() => {});
    return loaded;
  });
}

`;

const groupEnd = `
void loading.then(() => globalThis[Symbol.for('${registeredSymbol}')]?.());
`;

/** Writes a program that runs test files. Returns its path. */
function writeGroup(name: string, members: readonly string[]): string {
  const group = join(groupFolder, `${name}.test.js`);
  const suites = members.map((file) => {
    const title = JSON.stringify(relative('dist', file));
    const path = JSON.stringify(relative(groupFolder, file));
    return `suite(${title}, () => import(${path}));\n`;
  });
  writeFileSync(group, groupHead + suites.join('') + groupEnd);
  return group;
}

/** Writes the programs that run all test files. Returns their paths in the order of their starts. */
export function writeTestPrograms(isLong: boolean): string[] {
  rmSync(groupFolder, { recursive: true, force: true });
  mkdirSync(groupFolder, { recursive: true });
  const files = ['src', 'tests', 'tools', 'bench'].flatMap((name) => testFiles(join('dist', name)));
  const programs: string[] = [];
  for (const [folder, inShortRun, inLongRun = inShortRun] of sharing) {
    const members = files.filter((file) => folderOf(file) === folder);
    // Files that follow each other in the list are in different processes: their times differ less.
    const count = Math.ceil(members.length / (isLong ? inLongRun : inShortRun));
    for (let i = 0; i < count; i++) {
      const own = members.filter((_, at) => at % count === i);
      // The runner starts programs in the order of their names.
      const order = String(programs.length + 1).padStart(2, '0');
      const name = `${order}-${folder.replaceAll('/', '-')}${count > 1 ? `-${i + 1}` : ''}`;
      programs.push(writeGroup(name, own));
    }
  }
  return programs;
}
