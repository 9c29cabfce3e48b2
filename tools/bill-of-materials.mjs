// The bill of materials of the npm package, in the format CycloneDX 1.5. `npm sbom` lists what a package depends on
// when it is installed, which is neither what was bundled into the programs nor the libraries of the web consoles.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));
const referenceOf = ({ name, version }) => `${name}@${version}`;
const purlOf = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

/** A licence as package files state it: an identifier of SPDX, an expression of several, or nothing. */
function licencesOf({ license }) {
  if (license === undefined) return {};
  if (/^[\w.+-]+$/.test(license)) return { licenses: [{ license: { id: license } }] };
  return { licenses: [{ expression: license }] };
}

/** The hash of the file that a registry served, which the lock file has as `sha512-` and base64. */
function hashesOf({ integrity = '' }) {
  const [, base64] = /^sha512-(\S+)$/.exec(integrity) ?? [];
  if (base64 === undefined) return {};
  return { hashes: [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }] };
}

/** The folder from which Node loads a library for files of another folder. */
function foundFrom(folder, name, folders) {
  for (let from = folder; ; from = from.replace(/\/?node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const found = join(from, 'node_modules', name);
    if (folders.has(found)) return found;
    if (from === '') return undefined;
  }
}

/**
 * The bill of materials of a package that contains the libraries in these folders, whether they are bundled or copied.
 * The same sources and lock file give the same text.
 *
 * @param {string} root the folder of the checkout
 * @param {readonly string[]} folders relative to the root, such as `node_modules/a/node_modules/b`
 */
export function billOfMaterials(root, folders) {
  const own = readJson(root, 'package.json');
  const { packages } = readJson(root, 'package-lock.json');
  const all = new Set(folders);
  const about = new Map(folders.map((each) => [each, readJson(root, each, 'package.json')]));
  const needed = (folder, { dependencies, peerDependencies, optionalDependencies }) =>
    Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })
      .map((name) => foundFrom(folder, name, all))
      .filter((each) => each !== undefined)
      .map((each) => referenceOf(about.get(each)));
  const components = new Map();
  const edges = new Map();
  for (const [folder, library] of about) {
    const reference = referenceOf(library);
    // The same version can be in several folders.
    edges.set(reference, [...(edges.get(reference) ?? []), ...needed(folder, library)]);
    components.set(reference, {
      'bom-ref': reference,
      type: 'library',
      name: library.name,
      version: library.version,
      purl: purlOf(library),
      ...hashesOf(packages[folder] ?? {}),
      ...licencesOf(library),
    });
  }
  const application = {
    'bom-ref': referenceOf(own),
    type: 'application',
    name: own.name,
    version: own.version,
    purl: purlOf(own),
    ...licencesOf(own),
  };
  const direct = { dependencies: { ...own.dependencies, ...own.devDependencies } };
  edges.set(application['bom-ref'], needed('', direct));
  const sorted = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { lifecycles: [{ phase: 'build' }], component: application },
    components: sorted(components).map(([, component]) => component),
    dependencies: sorted(edges).map(([ref, to]) => ({ ref, dependsOn: [...new Set(to)].sort() })),
  };
}
