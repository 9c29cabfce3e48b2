// Joins what is started into few files, since to find and load two hundred takes longer than all else
// that a start does: the command, `dist/bin/waxwing.js`, and a broker's process, `dist/bin/broker.js`.
// What both need, and what is loaded later or never, is in files of its own beside them. Nothing is
// renamed, so that a stack trace names what the sources do; for their lines there are source maps.
// Run by tools/setup.mjs and `npm run build`, after the compiler, which judges the sources.
import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const folder = 'dist/bin';

/**
 * Takes what is wanted of Node's own modules from them. An `import` would have Node make everything
 * that they export, what it loads lazily too: streams, workers, a second cryptography.
 */
const onlyWhatIsWanted: Plugin = {
  name: 'only what is wanted of Node',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === 'import-statement' ? { path, namespace: 'node' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).sort();
      const exported = names.map(
        (name) => `export const ${name} = /* @__PURE__ */ (() => node.${name})();`,
      );
      const node = `const node = process.getBuiltinModule('${path}');\nexport default node;`;
      return { contents: [node, ...exported].join('\n') };
    });
  },
};

const { metafile } = await build({
  entryPoints: { waxwing: 'src/main.ts', broker: 'src/engines/waxwing/child.ts' },
  outdir: folder,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [onlyWhatIsWanted],
  // Packages in the older format ask for Node's own modules by it, and for nothing else any more.
  banner: { js: 'const require = process.getBuiltinModule;' },
});

// The names of parts change with what is in them.
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(folder)) if (!made.has(name)) rmSync(join(folder, name));
