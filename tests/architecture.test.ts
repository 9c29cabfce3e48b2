import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageFolder } from '../src/base/package-folder.ts';

// docs/architecture.md describes the folders that exist, and each module says what it is.

const text = readFileSync(join(packageFolder, 'docs/architecture.md'), 'utf8');

/** The part of the document from a heading to the next one of the same level. */
function section(heading: string): string {
  const [, after = ''] = text.split(`\n## ${heading}\n`);
  return after.split('\n## ')[0] ?? '';
}

/** A line of a tree: the folder that it is in, the names at its beginning, and what is said of them. */
interface TreeLine {
  readonly folder: string;
  readonly names: readonly string[];
  readonly about: string;
}

/** Reads a tree of files. Lines without a branch continue the one before them. */
function treeLines(tree: string): TreeLine[] {
  const lines: TreeLine[] = [];
  const folders: string[] = [];
  for (const line of tree.split('\n')) {
    const [, indent = '', rest] = /^([│ ]*)[├└]─ (.+)$/.exec(line) ?? [];
    if (rest === undefined) {
      const last = lines.pop();
      if (last !== undefined) lines.push({ ...last, about: `${last.about} ${line}` });
      continue;
    }
    const [named = '', ...about] = rest.split(/ {2,}/);
    const depth = indent.length / 3;
    const names = named.split(' ');
    lines.push({ folder: folders.slice(0, depth).join('/'), names, about: about.join(' ') });
    folders.splice(depth, Infinity, names.at(-1)?.replace(/\/$/, '') ?? '');
  }
  return lines;
}

const [, block = ''] = section('3. The tree').split('```');
const tree = treeLines(block);

/** The folders below a folder, with their parents first. */
function foldersBelow(folder: string): string[] {
  return readdirSync(join(packageFolder, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [`${folder}/${name}`, ...foldersBelow(`${folder}/${name}`)]);
}

test('what the tree of the architecture names exists', () => {
  assert.ok(tree.length > 150, `${tree.length} lines were read`);
  const missing = tree.flatMap(({ folder, names }) =>
    names
      .map((name) => join(folder, name))
      .filter((path) => !existsSync(join(packageFolder, path))),
  );
  assert.deepEqual(missing, []);
});

test('the tree of the architecture names nothing twice', () => {
  const paths = tree.flatMap(({ folder, names }) => names.map((name) => join(folder, name)));
  assert.deepEqual(
    paths.filter((path, i) => paths.indexOf(path) !== i),
    [],
  );
});

test('the tree of the architecture names every folder of src/, and those in it', () => {
  const described = (path: string) => {
    const parts = path.split('/');
    const name = `${parts.at(-1)}/`;
    return tree.some(
      ({ folder, names, about }) =>
        (folder === parts.slice(0, -1).join('/') && names.includes(name)) ||
        (path.startsWith(`${folder}/`) && new RegExp(`(^|[ (])${name}`).test(about)),
    );
  };
  const folders = foldersBelow('src').filter((path) => path.split('/').length <= 3);
  assert.deepEqual(
    folders.filter((path) => !described(path)),
    [],
  );
});

test('the places that the architecture names exist', () => {
  const places = [section('18. Reading the source'), section('4. Imports')]
    .flatMap((part) => [...part.matchAll(/`([a-z0-9-]+(?:\/[a-z0-9.-]+)+\/?)`/g)])
    .map(([, path = '']) => path);
  assert.ok(places.length > 80, `${places.length} places were found`);
  assert.deepEqual(
    places.filter((path) =>
      ['src', '.'].every((folder) => !existsSync(join(packageFolder, folder, path))),
    ),
    [],
  );
});

test('each module begins with a sentence that says what it is', () => {
  const listed = ['src', 'console/src', 'tools', 'bench', 'tests'].flatMap((folder) =>
    [folder, ...foldersBelow(folder)].flatMap((each) =>
      readdirSync(join(packageFolder, each))
        .filter((name) => /\.(tsx?|mjs)$/.test(name) && !/\.test\.ts$/.test(name))
        .map((name) => `${each}/${name}`),
    ),
  );
  const silent = listed.filter((path) => {
    const module = readFileSync(join(packageFolder, path), 'utf8').replace(/^#!.*\n/, '');
    const [comment = ''] =
      /^(?:\/\/ .*\n(?:\/\/.*\n)*|\/\*\*(?:[^*]|\*[^/])*\*\/)/.exec(module) ?? [];
    return !/[.:]/.test(comment);
  });
  assert.deepEqual(silent, []);
});
