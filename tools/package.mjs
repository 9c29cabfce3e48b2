// Makes the npm package, `dist/waxwing-VERSION.tgz`: the bundled programs and the web console, with the
// few libraries that cannot be bundled, so that it runs from the unpacked file without an installation or a registry.
// The same sources and lock file make the same bytes. `npm run package` builds the programs first.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billOfMaterials } from './bill-of-materials.mjs';
import { makeReadable } from './file-modes.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'dist', 'package');
/** Libraries that the programs load from `node_modules`: a native addon, the log, and regular expressions. */
const loadedLibraries = ['fs-native-extensions', 'pino', 'pino-pretty', 're2js'];
const copied = [
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'examples/policies',
  'monitoring',
];
/** Parts of libraries that no program needs. */
const omitted =
  /^(\..*|benchmarks|docs|docsify|examples|test|tests|android-.*|ios-.*|.*\.(map|html|test\.js))$/;

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));
const inRoot = (...path) => join(root, ...path);

/** The folders of a library and of everything that it needs, relative to the root. */
function closureOf(names, from = '', found = new Set()) {
  for (const name of names) {
    const nested = `${from}node_modules/${name}`;
    const folder = existsSync(inRoot(nested)) ? nested : `node_modules/${name}`;
    if (found.has(folder)) continue;
    found.add(folder);
    const { dependencies = {} } = readJson(root, folder, 'package.json');
    closureOf(Object.keys(dependencies), `${folder}/`, found);
  }
  return found;
}

/** The folder of the package that contains a file, or undefined for the project's own files. */
const packageOf = (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];

/** The licences of libraries, each text once, with the libraries that have it. */
function noticesOf(folders) {
  const byText = new Map();
  for (const folder of folders) {
    const { name, version, license = 'see its sources' } = readJson(root, folder, 'package.json');
    const file = readdirSync(inRoot(folder)).find((each) => /^(licen[cs]e|copying)/i.test(each));
    const text = file === undefined ? '' : readFileSync(inRoot(folder, file), 'utf8').trim();
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const line = '-'.repeat(80);
  return [...byText]
    .map(([text, names]) => `${names.join('\n')}\n\n${text}\n`)
    .join(`\n${line}\n\n`);
}

const { version, description, license, type, engines, bin, dependencies } = readJson(
  root,
  'package.json',
);
rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'dist', 'bin'), { recursive: true });
cpSync(inRoot('bin'), join(out, 'bin'), { recursive: true });
cpSync(inRoot('dist', 'bin'), join(out, 'dist', 'bin'), {
  recursive: true,
  filter: (source) => !source.endsWith('.map'),
});
cpSync(inRoot('dist', 'console'), join(out, 'dist', 'console'), { recursive: true });
for (const path of copied) cpSync(inRoot(path), join(out, path), { recursive: true });
const libraries = closureOf(loadedLibraries);
for (const folder of libraries) {
  cpSync(inRoot(folder), join(out, folder), {
    recursive: true,
    filter: (source) => !omitted.test(basename(source)),
  });
}

const bundled = ['bundled.json', 'console-bundled.json']
  .flatMap((name) => readJson(root, 'dist', name))
  .map(packageOf)
  .filter((each) => each !== undefined);
const folders = [...new Set([...bundled, ...libraries])].sort();
writeFileSync(join(out, 'THIRD-PARTY-NOTICES'), noticesOf(folders));
writeFileSync(
  join(out, 'sbom.cdx.json'),
  `${JSON.stringify(billOfMaterials(root, folders), null, 2)}\n`,
);
// Without the optional peer `pkcs11js`: `npx` may ask a registry for it, and where that is out of reach repeats
// it for a minute before it starts the program.
const about = {
  ...{ name: 'waxwing', version, description, license, type, engines, bin },
  dependencies: Object.fromEntries(loadedLibraries.map((name) => [name, dependencies[name]])),
  bundleDependencies: loadedLibraries,
};
writeFileSync(join(out, 'package.json'), `${JSON.stringify(about, null, 2)}\n`);
makeReadable(out);
const packed = execFileSync(
  'npm',
  ['pack', '--pack-destination', inRoot('dist'), '--json', '--ignore-scripts'],
  {
    cwd: out,
    encoding: 'utf8',
  },
);
const [{ filename, size, integrity }] = [JSON.parse(packed)].flat();
console.log(`dist/${filename}: ${(size / 1024 / 1024).toFixed(1)} MiB, ${integrity}`);
