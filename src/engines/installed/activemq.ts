// ActiveMQ, as installed on this machine.

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { compareVersions, exists, homesOf, PathCache, type Variables } from './candidates.ts';
import { InstallationError } from './errors.ts';
import { listsFile, readArchive, readJar } from './jar.ts';
import { findJava, type InstalledJava } from './java.ts';

/** An installed ActiveMQ with its Java. */
export interface InstalledActiveMq {
  /** The folder with `bin/activemq.jar` and `lib`. */
  readonly home: string;
  /** `5.17.2` */
  readonly version: string;
  /**
   * The schemes of the transports that its archives contain with the libraries that they need: `ssl`,
   * `stomp+ssl`. Distributions leave out some. A broker with a connector of a missing transport does not
   * start; one without its library listens and answers nobody.
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
/** A class of the library without which the transports of a protocol do not work. */
const libraryClasses: readonly (readonly [schemes: RegExp, name: string])[] = [
  [/^mqtt\b/, 'org/fusesource/mqtt/codec/MQTTFrame.class'],
  [/^amqp\b/, 'org/apache/qpid/proton/engine/Transport.class'],
  [/^wss?$/, 'org/eclipse/jetty/server/Server.class'],
];
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
  const archives = await archivesOf(home);
  const own = archives.filter(isOwn);
  const names: string[] = [];
  let version: string | undefined;
  for (const path of own) {
    const jar = await readJar(path);
    if (jar === undefined) continue;
    names.push(...jar.names);
    if (/\/activemq-broker[^/]*\.jar$/.test(path)) {
      version = /^(?:Implementation|Bundle)-Version: *([\w.-]{1,64})/m.exec(jar.manifest)?.[1];
    }
  }
  const schemes = names
    .filter((name) => name.startsWith(transportFolder))
    .map((name) => name.slice(transportFolder.length))
    .filter((scheme) => /^[a-z0-9+]{1,32}$/.test(scheme));
  const needed = libraryClasses.filter(([pattern]) => schemes.some((each) => pattern.test(each)));
  const lacks = await lacking(needed, names, archives.slice(own.length));
  const usable = schemes.filter((scheme) => !lacks.some(([pattern]) => pattern.test(scheme)));
  const transports = new Set(usable);
  if (version !== undefined && names.includes(classCheck)) return { version, transports };
  const text =
    version === undefined
      ? `no activemq-broker*.jar in ${home}/lib states its version`
      : `ActiveMQ ${version} in ${home} ${vulnerable}`;
  throw new InstallationError('engine-unusable', text);
}

/**
 * Returns those of the needed libraries that are missing. The lists of files of other archives than those of
 * ActiveMQ are not read: finding a name in them takes less time.
 */
async function lacking(
  needed: typeof libraryClasses,
  ownNames: readonly string[],
  others: readonly string[],
): Promise<typeof libraryClasses> {
  let lacks = needed.filter(([, name]) => !ownNames.includes(name));
  for (const path of others) {
    if (lacks.length === 0) break;
    const archive = await readArchive(path);
    if (archive !== undefined) lacks = lacks.filter(([, name]) => !listsFile(archive, name));
  }
  return lacks;
}

/** Whether an archive belongs to ActiveMQ itself, and not to a library, by its name. */
function isOwn(path: string): boolean {
  return basename(path).startsWith('activemq-');
}

/** The archives in the folders of an installation; those of ActiveMQ come first. */
async function archivesOf(home: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of archiveFolders) {
    const names = await readdir(join(home, folder)).catch(() => []); // some are optional
    const jars = names.filter((name) => name.endsWith('.jar')).sort();
    found.push(...jars.map((name) => join(home, folder, name)));
  }
  found.sort((a, b) => Number(isOwn(b)) - Number(isOwn(a)));
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
