// Files of the repository to which pages link: the site has copies of them, as text.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './pages.mjs';

/** Endings that browsers show as text. */
const isText = /\.(txt|json)$/;

/** Paths of linked files and folders. */
const linked = new Map();

/**
 * Returns the address of a copy, which {@link copyFiles} makes.
 *
 * @param {{ kind: 'file' | 'folder', path: string }} target what a page links to
 */
export function addressOfFile({ kind, path }) {
  linked.set(path, kind);
  return `/files/${isText.test(path) ? path : `${path}.txt`}`;
}

/** The files of a folder in one text, each below its name. */
function textOfFolder(path) {
  const files = readdirSync(join(root, path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  return files
    .map((file) => `==== ${file.slice(root.length + 1)}\n\n${readFileSync(file, 'utf8')}`)
    .join('\n');
}

/** Writes the copies of everything to which a page links. */
export function copyFiles(outFolder) {
  for (const [path, kind] of linked) {
    const copy = join(outFolder, addressOfFile({ kind, path }));
    mkdirSync(dirname(copy), { recursive: true });
    if (kind === 'file') copyFileSync(join(root, path), copy);
    else writeFileSync(copy, textOfFolder(path));
  }
}
