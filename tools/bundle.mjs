// Bundles the programs that a start runs: the command, `dist/bin/waxwing.js`, a broker's process,
// `dist/bin/broker.js`, and the thread of its shovels, `dist/bin/shovels.js`. Finding and loading two hundred modules takes longer than the rest of a start.
// Code that both programs need, or that is loaded later, goes to shared files beside them. Names are
// kept, so that stack traces match the sources; source maps give the lines.
// Plain JavaScript, because `npm start` runs it before anything is compiled: esbuild reads the
// TypeScript sources itself. The compiler checks types when the tests are built.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const folder = 'dist/bin';

/**
 * Reads single members of Node's modules. An `import` would create everything that they export,
 * including what Node loads lazily: streams, workers, a second cryptography.
 *
 * @type {import('esbuild').Plugin}
 */
const lazyNodeModules = {
  name: 'lazy Node modules',
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
  entryPoints: {
    waxwing: 'src/main.ts',
    broker: 'src/engines/waxwing/child.ts',
    shovels: 'src/engines/waxwing/shovels/worker.ts',
  },
  outdir: folder,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  metafile: true,
  legalComments: 'none',
  // Node 20 keeps no compiled code, so that each start reads and compiles all of it.
  minifyWhitespace: true,
  logLevel: 'warning',
  plugins: [lazyNodeModules],
  // The clients of `waxwing drill`, which are development dependencies.
  external: [
    ...['cloudtrail', 'cloudwatch-logs', 'iam', 'mq', 'sts'].map(
      (name) => `@aws-sdk/client-${name}`,
    ),
    'amqplib',
  ],
  // `ws` would ask for compiled helpers; the `require` below answers nothing instead of failing.
  define: {
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  },
  // Packages in the older format ask for Node's own modules by it, and for nothing else any more.
  banner: { js: 'const require = process.getBuiltinModule;' },
});

// What was bundled, for the notices of licences in a package.
writeFileSync('dist/bundled.json', JSON.stringify(Object.keys(metafile.inputs).sort()));

// The names of parts change with what is in them.
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(folder)) if (!made.has(name)) rmSync(join(folder, name));
