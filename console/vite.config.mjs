// The build of the web consoles: that of the service, which it serves at `/console/`, and that of each
// broker, whose process serves `rabbitmq.html` or `activemq.html` at `/`. They share files.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { defineConfig } from 'vite';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Writes fonts into files. The design system has them as data URLs in its styles, which the
 * Content-Security-Policy does not permit.
 *
 * @type {import('vite').Plugin}
 */
const fontsAsFiles = {
  name: 'fonts as files',
  enforce: 'post',
  generateBundle(_, bundle) {
    for (const asset of Object.values(bundle)) {
      if (asset.type !== 'asset' || !asset.fileName.endsWith('.css')) continue;
      const pattern = /url\((["']?)data:font\/woff2;base64,([\w+/=]+)\1\)/g;
      asset.source = String(asset.source).replace(pattern, (_all, _quote, text) => {
        const source = Buffer.from(text, 'base64');
        const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8);
        const name = `font-${hash}.woff2`;
        this.emitFile({ type: 'asset', fileName: `assets/${name}`, source });
        return `url(${name})`;
      });
    }
  },
};

/**
 * Writes which files were bundled, for the notices of licences in a package.
 *
 * @type {import('vite').Plugin}
 */
const bundledFiles = {
  name: 'bundled files',
  generateBundle() {
    const root = folder('..');
    const own = [...this.getModuleIds()]
      .filter((id) => id.startsWith(root))
      .map((id) => id.slice(root.length).replace(/[?].*$/, ''));
    mkdirSync(folder('../dist'), { recursive: true });
    writeFileSync(folder('../dist/console-bundled.json'), JSON.stringify(own.sort()));
  },
};

/**
 * Writes a compressed copy beside each file that is larger than a packet. The service sends it to
 * browsers that accept Brotli.
 *
 * @type {import('vite').Plugin}
 */
const compressedFiles = {
  name: 'compressed files',
  async writeBundle({ dir }, bundle) {
    const compress = promisify(brotliCompress);
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    const names = Object.keys(bundle).filter((name) => /\.(css|html|js|svg)$/.test(name));
    await Promise.all(
      names.map(async (name) => {
        const source = await readFile(join(dir, name));
        if (source.length > 1400)
          await writeFile(join(dir, `${name}.br`), await compress(source, { params }));
      }),
    );
  },
};

/** The pages, each with the script that it loads. They are alike but for that. */
const pages = {
  'index.html': '/src/main.tsx',
  'rabbitmq.html': '/src/rabbitmq/main.tsx',
  'activemq.html': '/src/activemq/main.tsx',
};

/**
 * Makes the pages of the consoles of brokers from `index.html`.
 *
 * @type {import('vite').Plugin}
 */
const brokerPages = {
  name: 'pages of brokers',
  enforce: 'pre',
  resolveId: (id) => (Object.hasOwn(pages, basename(id)) ? id : undefined),
  async load(id) {
    const script = pages[basename(id)];
    if (script === undefined) return undefined;
    const shell = await readFile(folder('index.html'), 'utf8');
    return shell.replace(pages['index.html'], script);
  },
};

export default defineConfig({
  plugins: [brokerPages, fontsAsFiles, bundledFiles, compressedFiles],
  root: folder('.'),
  base: '/console/',
  clearScreen: false,
  logLevel: 'warn',
  cacheDir: folder('../node_modules/.vite'),
  build: {
    outDir: folder('../dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    // The Content-Security-Policy permits no data URLs and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: Object.keys(pages).map(folder),
      onLog(level, log, handle) {
        // The design system marks its modules for servers that render React; there is none.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
});
