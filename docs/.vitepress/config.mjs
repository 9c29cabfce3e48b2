// The documentation site: `npm run docs` builds it into dist/site.

import { defineConfig } from 'vitepress';
import { addressOfFile, copyFiles } from './files.mjs';
import { excluded, linkOf, navigation, targetOf } from './pages.mjs';
import { slugOf } from './slug.mjs';

/** Makes a link of the repository one of the site. A missing file stays: the build refuses it. */
function adapt(link, page) {
  const [path, anchor] = (link.attrGet('href') ?? '').split('#');
  if (path === '' || /^[a-z]+:/.test(path)) return;
  const target = targetOf(page, path);
  if (target.kind === 'missing') return;
  const isPage = target.kind === 'page';
  const address = isPage ? linkOf(target.path) : addressOfFile(target);
  link.attrSet('href', anchor === undefined ? address : `${address}#${anchor}`);
  if (!isPage) link.attrSet('target', '_blank');
}

/** A plugin of the Markdown parser. */
function siteLinks(markdown) {
  markdown.core.ruler.push('site-links', ({ tokens, env }) => {
    const page = env.relativePath === 'index.md' ? 'README.md' : env.relativePath;
    for (const { children } of tokens) {
      for (const child of children ?? []) if (child.type === 'link_open') adapt(child, page);
    }
  });
}

export default defineConfig({
  title: 'Waxwing',
  description: 'A self-hosted message broker service that encrypts everything it carries',
  lang: 'en-GB',
  srcDir: '..',
  srcExclude: excluded,
  outDir: '../dist/site',
  cacheDir: '../dist/site-cache',
  rewrites: { 'README.md': 'index.md' },
  markdown: { anchor: { slugify: slugOf }, config: siteLinks },
  buildEnd: ({ outDir }) => copyFiles(outDir),
  themeConfig: {
    sidebar: navigation(),
    outline: [2, 3],
    search: { provider: 'local' },
    docFooter: { prev: false, next: false },
  },
});
