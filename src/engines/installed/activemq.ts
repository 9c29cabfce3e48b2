// ActiveMQ, as installed on this machine.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareVersions, exists, homesOf, PathCache, type Variables } from './candidates.ts';
import { InstallationError } from './errors.ts';
import { readJar } from './jar.ts';
import { findJava, type InstalledJava } from './java.ts';

/** An installed ActiveMQ with its Java. */
export interface InstalledActiveMq {
  /** The folder with `bin/activemq.jar` and `lib`. */
  readonly home: string;
  /** `5.17.2` */
  readonly version: string;
  /**
   * The schemes of the transports that its archives contain: `ssl`, `stomp+ssl`. Distributions leave
   * out some, and a broker with a connector of a missing one does not start.
   */
  readonly transports: ReadonlySet<string>;
  readonly java: InstalledJava;
}

const search = {
  engine: 'ActiveMQ',
  variable: 'WAXWING_ACTIVEMQ_HOME',
  places: ['/usr/share/activemq', '/opt/activemq*', '/opt/apache-activemq*'],
  isHome: async (folder: string) =>
    (await exists(join(folder, 'bin', 'activemq.jar'))) && (await exists(join(folder, 'lib'))),
};

/** Folders with its archives. A connector of a missing folder has no transport. */
const archiveFolders = ['lib', 'lib/optional', 'lib/extra', 'lib/web'];
const archivesMax = 300;
/**
 * A class of the client library that exists only where answers cannot create objects of any class, which
 * ran programs of unauthenticated clients (CVE-2023-46604).
 */
const classCheck = 'org/apache/activemq/openwire/OpenWireUtil.class';
const vulnerable =
  'lets clients run programs without a log-in (CVE-2023-46604); corrected are 5.15.16, 5.16.7, 5.17.6, ' +
  '5.18.3 and later ones, and patched packages';
const transportFolder = 'META-INF/services/org/apache/activemq/transport/';

const known = new PathCache<Pick<InstalledActiveMq, 'version' | 'transports'>>();

/**
 * Finds the newest installed ActiveMQ: in the configured folder, in the one that the variable
 * `WAXWING_ACTIVEMQ_HOME` names, or where packages install it.
 *
 * @param configured the absolute path of its folder
 * @throws {InstallationError} `engine-not-found`, `engine-unusable`
 */
export async function findActiveMq(
  configured: string | undefined,
  variables: Variables,
): Promise<InstalledActiveMq> {
  const homes = await homesOf(search, configured, variables);
  const found = await Promise.all(
    homes.map(async (home) => ({
      home,
      ...(await known.get(join(home, 'lib'), () => read(home))),
    })),
  );
  const [newest] = found.sort((a, b) => compareVersions(b.version, a.version));
  if (newest === undefined) throw new InstallationError('engine-not-found', 'ActiveMQ is missing');
  return { ...newest, java: await findJava(variables) };
}

async function read(home: string): Promise<Pick<InstalledActiveMq, 'version' | 'transports'>> {
  const names: string[] = [];
  let version: string | undefined;
  for (const path of await archivesOf(home)) {
    const jar = await readJar(path);
    if (jar === undefined) continue;
    names.push(
      ...jar.names.filter((name) => name.startsWith(transportFolder) || name === classCheck),
    );
    if (/\/activemq-broker[^/]*\.jar$/.test(path)) {
      version = /^(?:Implementation|Bundle)-Version: *([\w.-]{1,64})/m.exec(jar.manifest)?.[1];
    }
  }
  const schemes = names.map((name) => name.slice(transportFolder.length));
  const transports = new Set(schemes.filter((scheme) => /^[a-z0-9+]{1,32}$/.test(scheme)));
  if (version !== undefined && names.includes(classCheck)) return { version, transports };
  const text =
    version === undefined
      ? `no activemq-broker*.jar in ${home}/lib states its version`
      : `ActiveMQ ${version} in ${home} ${vulnerable}`;
  throw new InstallationError('engine-unusable', text);
}

async function archivesOf(home: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of archiveFolders) {
    const names = await readdir(join(home, folder)).catch(() => []); // some are optional
    const jars = names.filter((name) => /^activemq-.*\.jar$/.test(name)).sort();
    found.push(...jars.map((name) => join(home, folder, name)));
  }
  const files = [];
  for (const path of found.slice(0, archivesMax)) {
    const { isFile } = await stat(path).then(
      (found) => ({ isFile: found.isFile() }),
      () => ({ isFile: false }), // a link to nothing
    );
    if (isFile) files.push(path);
  }
  return files;
}
