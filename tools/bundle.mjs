// Bundles the programs that a start runs: the command, `dist/bin/waxwing.js`, a broker's process,
// `dist/bin/broker.js`, its threads, `dist/bin/shovels.mjs` and `dist/bin/conversions.mjs`, and the process that
// copies the stores of pairs, `dist/bin/copier.mjs`. Finding and loading two hundred modules takes longer than the
// rest of a start. The first two are small: each runs a script, `waxwing.cjs` or `broker.cjs`, with the code that V8
// compiled for an earlier start (`src/load-program.ts`). V8 keeps compiled code of scripts, and not of modules. Both
// are CommonJS: Node's loader of modules takes milliseconds of each start of a process.
// Names are kept, so that stack traces match the sources; source maps give the lines.
// Plain JavaScript, because `npm start` runs it before anything is compiled: esbuild reads the
// TypeScript sources itself. The compiler checks types when the tests are built.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/**
 * Large libraries that few starts need. Each is a file of its own, so that not every start reads it.
 */
const separateLibraries = [
  '@aws-sdk/client-kms',
  '@noble/curves/nist.js',
  '@noble/curves/secp256k1.js',
  'acme-client',
  'cborg',
  'fast-xml-parser',
  'jose',
  'ldapts',
  'libphonenumber-js/max',
  'openid-client',
  'prom-client',
  'qrcode',
  'send',
];
const libraryFile = (library) =>
  `libraries/${library.replace(/^@/, '').replace(/[^a-z0-9]+/g, '-')}`;

/**
 * Libraries in one file: those for certificates, which share state, and those for numbers and addresses of
 * persons, which share code.
 */
const ownLibraries = [
  { source: 'src/crypto/certificate-library.ts', file: 'libraries/certificates' },
  { source: 'src/sensitive-data/libraries.ts', file: 'libraries/sensitive-data' },
];

/** @type {import('esbuild').Plugin} */
const separated = {
  name: 'separate libraries',
  setup({ onResolve }) {
    onResolve({ filter: /^[@a-z]/ }, ({ path, importer }) =>
      separateLibraries.includes(path) && !importer.includes('node_modules')
        ? { path: `./${libraryFile(path)}.cjs`, external: true }
        : undefined,
    );
    for (const { source, file } of ownLibraries) {
      const name = `/${basename(source)}`;
      onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) =>
        kind !== 'entry-point' && path.endsWith(name) && join(resolveDir, path).endsWith(source)
          ? { path: `./${file}.cjs`, external: true }
          : undefined,
      );
    }
  },
};

/** @type {import('esbuild').BuildOptions} */
const common = {
  outdir: folder,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  metafile: true,
  legalComments: 'none',
  // Less to read at each start.
  minifyWhitespace: true,
  logLevel: 'warning',
  plugins: [lazyNodeModules],
  // The clients of `waxwing drill`, which are development dependencies.
  external: [
    ...['cloudtrail', 'cloudwatch-logs', 'iam', 'mq', 'sts'].map(
      (name) => `@aws-sdk/client-${name}`,
    ),
    '@stomp/stompjs',
    'amqplib',
  ],
};
// `ws` would ask for compiled helpers.
const define = {
  'process.env.WS_NO_BUFFER_UTIL': '"1"',
  'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
};

const scripts = await build({
  ...common,
  entryPoints: { waxwing: 'src/cli/program.ts', broker: 'src/engines/waxwing/child.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  plugins: [separated, lazyNodeModules],
  // The function that `src/load-program.ts` calls.
  banner: { js: '(function(require,module,exports,__filename,__dirname,__url){' },
  footer: { js: '})' },
  // A script with compiled code cannot import modules. Instead, packages are loaded with `require`.
  supported: { 'dynamic-import': false },
  // `src/load-program.ts` reads a byte as a character.
  charset: 'ascii',
  define: { ...define, 'import.meta.dirname': '__dirname', 'import.meta.url': '__url' },
});

const libraries = await build({
  ...common,
  entryPoints: {
    ...Object.fromEntries(separateLibraries.map((each) => [libraryFile(each), each])),
    ...Object.fromEntries(ownLibraries.map(({ source, file }) => [file, source])),
  },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  charset: 'ascii', // as above
});
const outputs = [scripts, libraries];
// esbuild leaves characters in regular expressions and raw templates as they are.
for (const path of outputs.flatMap(({ metafile }) => Object.keys(metafile.outputs))) {
  if (!path.endsWith('.cjs')) continue;
  const found = /.{0,40}[^\0-\x7f]/.exec(readFileSync(path, 'utf8'));
  if (found === null) continue;
  throw new Error(
    `${path} contains a character beyond ASCII, which would be read as several: ${found[0]}. Write it as \\u… in the source.`,
  );
}
for (const [program, main] of [
  ['waxwing', 'src/main.ts'],
  ['broker', 'src/broker-main.ts'],
]) {
  const script = readFileSync(join(folder, `${program}.cjs`));
  const id = createHash('sha256').update(script).digest('hex').slice(0, 16);
  const named = {
    PROGRAM: JSON.stringify(program),
    BUILD: JSON.stringify(id),
    'import.meta.dirname': '__dirname',
  };
  const entryPoints = { [program]: main };
  outputs.push(await build({ ...common, format: 'cjs', entryPoints, define: named }));
}
writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
const threads = await build({
  ...common,
  entryPoints: {
    shovels: 'src/engines/waxwing/shovels/worker.ts',
    conversions: 'src/engines/waxwing/conversions/worker.ts',
    copier: 'src/engines/activemq/replicas/copier.ts',
  },
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  // Packages in the older format ask for Node's own modules by `require`, and for nothing else.
  banner: { js: 'const require = process.getBuiltinModule;' },
  define,
});
outputs.push(threads);

// What was bundled, for the notices of licences in a package.
const inputs = new Set(outputs.flatMap(({ metafile }) => Object.keys(metafile.inputs)));
writeFileSync('dist/bundled.json', JSON.stringify([...inputs].sort()));

// Files of earlier builds, and the code that was compiled for them.
const made = new Set(outputs.flatMap(({ metafile }) => Object.keys(metafile.outputs)));
made.add(join(folder, 'package.json'));
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, name);
  if (!made.has(path) && !statSync(path).isDirectory()) rmSync(path);
}
rmSync('dist/.cache', { recursive: true, force: true });
