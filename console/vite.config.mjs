// The build of the web console. The output is `dist/console`, which the service serves at `/console/`.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
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
  },
});
