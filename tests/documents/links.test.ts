import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { pagesIn, readPage, repository } from './markdown.ts';

// Links between the files of the repository lead to a file and to a heading that exist.

const site = (name: string) => pathToFileURL(join(repository, 'docs/.vitepress', name)).href;
const { slugOf } = (await import(site('slug.mjs'))) as { slugOf(heading: string): string };
const { navigation } = (await import(site('pages.mjs'))) as {
  navigation(): { items: { text: string; link: string }[] }[];
};

const pages = pagesIn();

/** The links of a page outside of code, with their lines. */
function linksOf(path: string): { line: number; target: string }[] {
  return readPage(path).lines.flatMap((line, at) => {
    const text = line.replaceAll(/(`+)(?:(?!\1).)*\1/g, 'code');
    const inline = [...text.matchAll(/\]\(([^)\s]+)\)/g)];
    const defined = [...text.matchAll(/^\[[^\]]+\]: (\S+)$/g)];
    return [...inline, ...defined].map(([, target = '']) => ({ line: at + 1, target }));
  });
}

/** The anchors of a page's headings. A heading that stands there before gets a number. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of readPage(path).lines) {
    const [, heading] = /^#{1,6} (.+)$/.exec(line) ?? [];
    if (heading === undefined) continue;
    const slug = slugOf(heading.replaceAll('`', '').replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1'));
    let name = slug;
    for (let count = 1; anchors.has(name); count += 1) name = `${slug}-${count}`;
    anchors.add(name);
  }
  return anchors;
}

/** Why a link leads nowhere; undefined if it leads somewhere. */
function problemOf(page: string, target: string): string | undefined {
  if (/^(https|mailto):/.test(target)) return undefined;
  const [path = '', anchor] = decodeURI(target).split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (file.startsWith('..') || !existsSync(join(repository, file))) return `there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (!file.endsWith('.md')) return `${file} has no headings`;
  return anchorsOf(file).has(anchor) ? undefined : `${file} has no heading #${anchor}`;
}

test('every link leads to a file and a heading that exist', () => {
  const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, ...link })));
  assert.ok(links.length > 300);
  const wrong = links.flatMap(({ page, line, target }) => {
    const problem = problemOf(page, target);
    return problem === undefined ? [] : [`${page}:${line}: ${target}: ${problem}`];
  });
  assert.deepEqual(wrong, []);
});

test('links that lead nowhere are found', () => {
  assert.equal(problemOf('docs/guides/console.md', 'no.md'), 'there is no docs/guides/no.md');
  assert.match(problemOf('README.md', 'SECURITY.md#no') ?? '', /no heading #no/);
  assert.match(problemOf('README.md', '#no') ?? '', /README.md has no heading/);
  assert.equal(problemOf('README.md', 'SECURITY.md#reporting'), undefined);
  assert.match(problemOf('README.md', '../README.md') ?? '', /there is no/);
});

test('the source files that the architecture names exist', () => {
  const folders = ['src', 'tests', 'tools', 'bench', 'console'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true }).map((name) => `/${folder}/${name}`),
  );
  const text = readFileSync(join(repository, 'docs/architecture.md'), 'utf8');
  const named = [...text.matchAll(/`([\w./-]+\/[\w.-]+\.tsx?)`/g)].map(([, name = '']) => name);
  assert.ok(named.length > 50);
  // Some names begin at the folder of the file before.
  const missing = named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)));
  assert.deepEqual(missing, []);
});

test('every page has a title, and is in the navigation of the site', () => {
  const items = navigation().flatMap((part) => part.items);
  assert.deepEqual(
    items.map(({ link }) => `${link.slice(1)}.md`).sort(),
    pages.filter((page) => page !== 'README.md').sort(),
  );
  const untitled = pages.filter(
    (page) => !/^# \S/.test(readFileSync(join(repository, page), 'utf8')),
  );
  assert.deepEqual(untitled, []);
});
