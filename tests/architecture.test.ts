import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageFolder } from '../src/base/package-folder.ts';

// docs/architecture.md describes the folders that exist, and each module says what it is.

const text = readFileSync(join(packageFolder, 'docs/architecture.md'), 'utf8');

/** Returns the text between a heading of level 2 and the next one. */
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

/** The tree that follows a line in a section. */
function treeOf(heading: string, root: string): TreeLine[] {
  const [, after = ''] = section(heading).split(`\n${root}\n`);
  return treeLines(after.split('```')[0] ?? '');
}

const tree = treeOf('3. The tree', 'waxwing/');

/** The trees of the document, with the folders that they begin in. */
const trees = [
  ['.', tree],
  ['src/protocols/amqp091', treeOf('6. A protocol folder', 'amqp091/')],
  ['tests', treeOf('12. Tests', 'tests/')],
] as const;

/** The folders below a folder, with their parents first. */
function foldersBelow(folder: string): string[] {
  return readdirSync(join(packageFolder, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [`${folder}/${name}`, ...foldersBelow(`${folder}/${name}`)]);
}

test('what the trees of the architecture name exists, and is named once', () => {
  assert.ok(tree.length > 150, `${tree.length} lines were read`);
  for (const [root, lines] of trees) {
    assert.ok(lines.length > 10, `${lines.length} lines of ${root} were read`);
    const paths = lines.flatMap(({ folder, names }) =>
      names.map((name) => join(root, folder, name)),
    );
    assert.deepEqual(
      paths.filter((path, i) => !existsSync(join(packageFolder, path)) || paths.indexOf(path) < i),
      [],
    );
  }
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
