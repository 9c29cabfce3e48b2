import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../support/processes.ts';
import { main, WaxwingFolder } from '../support/waxwing-folder.ts';

// The code that V8 compiled is kept for the next start, and never prevents one (decision 0106).

const folder = new WaxwingFolder();
const program = join(folder.root, 'program');
const bundles = join(program, 'dist', 'bin');
const cache = join(program, 'dist', '.cache');
const root = join(dirname(main), '..', '..');

mkdirSync(join(program, 'dist'), { recursive: true });
cpSync(dirname(main), bundles, { recursive: true, filter: (path) => !path.endsWith('.map') });
cpSync(join(root, 'package.json'), join(program, 'package.json'));
symlinkSync(join(root, 'node_modules'), join(program, 'node_modules'));

let serving: ChildProcess | undefined;
after(() => serving?.kill('SIGKILL'));

/** Starts and stops the service, and returns its output. */
async function serveOnce(
  data: readonly string[] = ['--data', folder.data],
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const ports = ['--api-port', '0', '--amqps-port', '0'];
  const args = [join(bundles, 'waxwing.js'), 'serve', ...data, ...ports];
  const env = { ...folder.environment(), ...variables };
  serving = spawn(process.execPath, args, { cwd: folder.root, env });
  let output = '';
  serving.stderr?.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  serving.stdout?.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  const ended = once(serving, 'close');
  await until(
    'the service greets',
    () => output.includes('Try next') || serving?.exitCode !== null,
  );
  serving.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], output);
  return output;
}

/** Names, sizes and times of the kept files. */
function kept(): readonly (readonly [string, number, number])[] {
  return readdirSync(cache)
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(cache, name));
      return [name, size, mtimeMs];
    });
}

/** What a file of compiled code is named for, without its build. */
const keptNames = () => kept().map(([name]) => name.replace(/-[0-9a-f]{8,16}$/, ''));

/** Returns the compiled code that a first and a later start keep. Starts the service if one is missing. */
async function keptByBoth(): Promise<ReturnType<typeof kept>> {
  const isKept = (name: string) => existsSync(cache) && keptNames().includes(name);
  if (!existsSync(folder.data) || !['broker', 'certificates-waxwing', 'waxwing'].every(isKept)) {
    rmSync(folder.data, { recursive: true, force: true });
    await serveOnce();
    await serveOnce();
  }
  return kept();
}

const fileOf = (name: string) =>
  join(cache, readdirSync(cache).find((each) => each.startsWith(name)) ?? '');

test('the texts of the programs and libraries are ASCII, as they are read', () => {
  const files = readdirSync(bundles, { recursive: true, encoding: 'utf8' });
  const texts = files.filter((name) => name.endsWith('.cjs'));
  assert.ok(texts.includes('waxwing.cjs') && texts.includes(join('libraries', 'certificates.cjs')));
  for (const name of texts) {
    const found = /.{0,40}[^\0-\x7f]/.exec(readFileSync(join(bundles, name), 'utf8'));
    assert.equal(found?.[0], undefined, name);
  }
});

test('starts keep the compiled code of both programs and of libraries, and later ones use it', async () => {
  await serveOnce();
  assert.ok(keptNames().includes('certificates-waxwing')); // the library with which a first start issues them
  const programs = () => keptNames().filter((name) => /^(broker|waxwing)/.test(name));
  assert.deepEqual(programs(), ['broker', 'waxwing-first']);
  await serveOnce();
  const second = kept();
  assert.deepEqual(programs(), ['broker', 'waxwing', 'waxwing-first']);
  for (const [name, size] of second) {
    if (/^(broker|waxwing)/.test(name)) assert.ok(size > 500_000, `${name} has ${size} bytes`);
  }
  await serveOnce();
  // They would be written again if V8 had not accepted them.
  assert.deepEqual(kept(), second);
  rmSync(folder.data, { recursive: true });
  await serveOnce();
  assert.deepEqual(kept(), second);
});

test('a start with an existing folder is not taken for a first one, however the folder is named', async () => {
  const before = await keptByBoth();
  const firstFile = fileOf('waxwing-first');
  for (const name of ['argument', 'variable']) {
    rmSync(firstFile);
    if (name === 'argument') await serveOnce([`--data=${folder.data}`]);
    else await serveOnce([], { WAXWING_DATA: folder.data });
    // It would be written again.
    assert.equal(kept().length, before.length - 1, name);
    writeFileSync(firstFile, '');
  }
  rmSync(firstFile);
});

/** The contents of a file in which all bits of some bytes are changed. */
function damaged(whole: Buffer, from: number, count: number): Buffer {
  const bytes = Buffer.from(whole);
  for (let at = from; at < from + count; at++) bytes[at] = 255 - (bytes[at] ?? 0);
  return bytes;
}

test('kept code that is damaged is replaced', async () => {
  await keptByBoth();
  // A first start uses both: only it issues certificates.
  const files = ['broker', 'certificates'].map(fileOf);
  const damages: readonly ((whole: Buffer) => Buffer)[] = [
    () => Buffer.alloc(0),
    () => Buffer.of(1),
    (whole) => whole.subarray(0, 1000),
    (whole) => Buffer.alloc(whole.length),
    // V8 does not notice these, and the program would crash.
    (whole) => damaged(whole, 40, 1),
    (whole) => damaged(whole, 50_000, 20_000),
  ];
  const wholes = files.map((file) => readFileSync(file));
  for (const damage of damages) {
    const bads = wholes.map(damage);
    for (const [i, file] of files.entries()) writeFileSync(file, bads[i] ?? '');
    rmSync(folder.data, { recursive: true });
    await serveOnce();
    for (const [i, file] of files.entries()) {
      assert.ok(statSync(file).size > (wholes[i]?.length ?? 0) / 2, file);
      assert.notDeepEqual(readFileSync(file), bads[i], file);
    }
  }
});

test('what a killed process left half written is removed, and what another one writes is not', async () => {
  const before = await keptByBoth();
  const ended = spawn(process.execPath, ['--version']);
  await once(ended, 'close');
  const [dead, writing] = [ended.pid, process.pid].map((id) => join(cache, `waxwing-0123.${id}`));
  for (const file of [dead, writing]) writeFileSync(file ?? '', 'half');
  await serveOnce();
  assert.deepEqual(
    kept().map(([name]) => name),
    [...before.map(([name]) => name), `waxwing-0123.${process.pid}`].sort(),
  );
  rmSync(writing ?? '');
});

test('another build does not use the code of this one', async () => {
  const before = await keptByBoth();
  const script = readFileSync(join(bundles, 'broker.js'), 'utf8');
  const [, id = ''] = /"broker"[\s\S]*?"([0-9a-f]{16})"/.exec(script) ?? [];
  assert.match(id, /^[0-9a-f]{16}$/);
  writeFileSync(join(bundles, 'broker.js'), script.replace(id, '0123456789abcdef'));
  await serveOnce();
  const names = kept().map(([name]) => name);
  assert.deepEqual(names, [...before.map(([name]) => name), 'broker-0123456789abcdef'].sort());
});

test('a start without a place for compiled code runs', async () => {
  rmSync(cache, { recursive: true });
  writeFileSync(cache, 'not a folder');
  assert.match(await serveOnce(), /broker 'default' {3}amqps:/);
  rmSync(cache);
});
