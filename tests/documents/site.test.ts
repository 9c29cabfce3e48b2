import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { findBrowser, startBrowser } from '../support/console-page.ts';
import { isLong } from '../support/proof.ts';
import { pagesIn, repository } from './markdown.ts';

// The documentation site is built by VitePress, which refuses dead links, and used in a browser.

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** Serves the files of a folder. */
async function serve(folder: string) {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const name = path.endsWith('/') ? `${path}index.html` : path;
    readFile(join(folder, name)).then(
      (bytes) => {
        response.setHeader('content-type', types[extname(name)] ?? 'application/octet-stream');
        response.end(bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, origin: `http://127.0.0.1:${port}` };
}

test('the site is built, its search works, and it asks no other host for anything', async (t) => {
  if (!isLong) return t.skip('building the site takes ten seconds; the long run does it');
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-site-'));
  t.after(() => rm(folder, { recursive: true }));
  const vitepress = join(repository, 'node_modules/vitepress/bin/vitepress.js');
  const build = [vitepress, 'build', 'docs', '--outDir', folder];
  await promisify(execFile)(process.execPath, build, { cwd: repository });
  const missing = pagesIn()
    .map((page) => (page === 'README.md' ? 'index.html' : page.replace(/\.md$/, '.html')))
    .filter((page) => !existsSync(join(folder, page)));
  assert.deepEqual(missing, []);

  const chromium = await findBrowser();
  if (typeof chromium === 'string') return t.skip(chromium);
  const { server, origin } = await serve(folder);
  t.after(() => server.close());
  const browser = await startBrowser(chromium);
  t.after(() => browser.close());
  const page = await browser.newPage();
  const foreign: string[] = [];
  const failed: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) foreign.push(request.url());
  });
  page.on('response', (response) => {
    if (response.status() >= 400) failed.push(response.url());
  });
  page.on('pageerror', ({ message }) => failed.push(message));
  await page.goto(`${origin}/SECURITY.html`);
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('searchbox').fill('rewrap');
  await page.getByRole('option').first().click();
  await page.waitForURL(/\.html/);
  await page.goto(`${origin}/docs/reference/commands.html`);
  await page.getByRole('link', { name: 'moving', exact: true }).first().click();
  await page.getByRole('heading', { level: 1, name: /mov/i }).waitFor();
  assert.deepEqual([foreign, failed], [[], []]);
});
