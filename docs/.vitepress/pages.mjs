// The pages of the site and its navigation.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Folders without pages, as globs of VitePress. */
export const excluded = ['dist/**', 'waxwing-data/**'];

/** The parts of the navigation. A page of `folder` that `pages` does not name comes after them. */
const parts = [
  {
    text: 'Get started',
    pages: [
      'docs/start/application-developer.md',
      'docs/start/rabbitmq-administrator.md',
      'docs/start/activemq-administrator.md',
      'docs/start/security-auditor.md',
    ],
    folder: 'docs/start',
  },
  {
    text: 'Guides',
    pages: [
      'docs/guides/first-steps.md',
      'docs/guides/clients.md',
      'docs/guides/console.md',
      'docs/guides/broker-console.md',
    ],
    folder: 'docs/guides',
  },
  {
    text: 'Operate',
    pages: [
      'docs/operate/install.md',
      'docs/operate/run.md',
      'docs/operate/identity.md',
      'docs/operate/root-key.md',
      'docs/operate/backup.md',
      'docs/operate/upgrade.md',
      'monitoring/README.md',
    ],
    folder: 'docs/operate',
  },
  {
    text: 'Security',
    pages: ['SECURITY.md'],
    folder: 'docs/security',
  },
  {
    text: 'Reference',
    pages: [
      'docs/reference/commands.md',
      'docs/reference/errors.md',
      'docs/reference/api.md',
      'docs/reference/amazon-mq.md',
    ],
    folder: 'docs/reference',
  },
  { text: 'Protocols', pages: ['tests/interop/deviations.md'], folder: 'src/protocols' },
  {
    text: 'Formats',
    pages: ['docs/formats/volume.md', 'tests/vectors/README.md'],
    folder: 'docs/formats',
  },
  {
    text: 'Measured and proved',
    pages: ['docs/performance.md', 'docs/proof/README.md'],
    folder: 'tests',
  },
  {
    text: 'Project',
    pages: ['docs/architecture.md', 'docs/dependencies.md', 'CHANGELOG.md', 'CONTRIBUTING.md'],
    folder: 'docs',
  },
  { text: 'Decisions', pages: [], folder: 'docs/decisions' },
];

/** The Markdown files of the repository, by their paths in it. */
function findPages(folder = '') {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    if (excluded.includes(`${path}/**`)) return [];
    if (entry.isDirectory()) return findPages(path);
    return path.endsWith('.md') ? [path] : [];
  });
}

const pages = findPages().sort();

/** The first heading of a page, without markup. */
function titleOf(page) {
  const [, title = page] = /^# (.+)$/m.exec(readFileSync(join(root, page), 'utf8')) ?? [];
  return title.replaceAll('`', '');
}

/** The address of a page on the site. */
export function linkOf(page) {
  return page === 'README.md' ? '/' : `/${page.replace(/\.md$/, '')}`;
}

/** The navigation beside each page; every page but the first is in it once. */
export function navigation() {
  const left = new Set(pages.filter((page) => page !== 'README.md'));
  const take = (page) => left.delete(page);
  // The pages that a part names are not those of another part's folder.
  const named = new Set(parts.flatMap(({ pages: first }) => first));
  const found = parts.map(({ text, pages: first, folder }, at) => {
    const rest = pages.filter((page) => page.startsWith(`${folder}/`) && !named.has(page));
    const items = [...first, ...rest]
      .filter(take)
      .map((page) => ({ text: titleOf(page), link: linkOf(page) }));
    return { text, collapsed: at > 3, items };
  });
  if (left.size > 0) throw new Error(`pages without a place in the navigation: ${[...left]}`);
  return found.filter(({ items }) => items.length > 0);
}

/**
 * What a link on a page leads to: a page of the site, a file or folder without a page, or nothing.
 *
 * @param {string} page the path of the page
 * @param {string} target the link, without an anchor
 */
export function targetOf(page, target) {
  const path = join(dirname(page), decodeURI(target)).replace(/\/$/, '');
  const known = statSync(join(root, path), { throwIfNoEntry: false });
  if (known === undefined || path.startsWith('..')) return { kind: 'missing', path };
  if (known.isFile()) return { kind: pages.includes(path) ? 'page' : 'file', path };
  const [first] = pages.filter((each) => dirname(each) === path);
  return first === undefined ? { kind: 'folder', path } : { kind: 'page', path: first };
}
