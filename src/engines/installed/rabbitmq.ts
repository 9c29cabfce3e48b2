// RabbitMQ and Erlang, as installed on this machine.

import { readdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { executable, programInPath } from '../../base/programs/program-path.ts';
import { plainEnvironment, runProgram } from '../../base/programs/run-program.ts';
import {
  compareVersions,
  exists,
  homesOf,
  namedFolders,
  PathCache,
  type Variables,
} from './candidates.ts';
import { InstallationError } from './errors.ts';

/** An installed RabbitMQ with its Erlang. */
export interface InstalledRabbitMq {
  /** The folder with `sbin` and `plugins`. */
  readonly home: string;
  /** `3.10.8` */
  readonly version: string;
  readonly erlang: InstalledErlang;
  /** The names of its plugins. */
  readonly plugins: readonly string[];
}

/** An installed Erlang. */
export interface InstalledErlang {
  /** The path of `erl`. */
  readonly program: string;
  /** `25` */
  readonly release: string;
  /** The folder of the modules with which nodes talk over TLS. */
  readonly tlsModules: string;
}

const search = {
  engine: 'RabbitMQ',
  variable: 'WAXWING_RABBITMQ_HOME',
  places: ['/usr/lib/rabbitmq/lib/rabbitmq_server-*', '/opt/rabbitmq*'],
  isHome: async (folder: string) =>
    (await exists(join(folder, 'sbin', 'rabbitmq-server'))) &&
    (await exists(join(folder, 'plugins'))),
};

/** The variable that names folders with `bin/erl`. */
const erlangVariable = 'WAXWING_ERLANG_HOME';
/** The Erlang releases that versions of RabbitMQ need, the newest versions first. */
const neededErlang = [
  { since: '3.13', first: 26, last: Number.POSITIVE_INFINITY },
  { since: '3.12', first: 25, last: 26 },
  { since: '3.9', first: 23, last: 25 },
  { since: '3.8', first: 22, last: 24 },
];

const erlangTimeoutMs = 30_000;
const servers = new PathCache<Pick<InstalledRabbitMq, 'version' | 'plugins'>>();
const erlangs = new PathCache<InstalledErlang>();

/**
 * Finds the newest installed RabbitMQ: in the configured folder, in the one that the variable
 * `WAXWING_RABBITMQ_HOME` names, or where packages install it.
 *
 * @param configured the absolute path of its folder
 * @throws {InstallationError} `engine-not-found`, `engine-unusable`
 */
export async function findRabbitMq(
  configured: string | undefined,
  variables: Variables,
): Promise<InstalledRabbitMq> {
  const server = await findRabbitMqServer(configured, variables);
  return { ...server, erlang: await askErlang(await erlangFor(server, variables)) };
}

/**
 * Like {@link findRabbitMq}, without its Erlang, whose examination takes long.
 *
 * @throws {InstallationError} `engine-not-found`, `engine-unusable`
 */
export async function findRabbitMqServer(
  configured: string | undefined,
  variables: Variables,
): Promise<InstalledServer> {
  const [newest] = await findRabbitMqServers(configured, variables);
  return newest;
}

/** An installed RabbitMQ without its Erlang. */
export type InstalledServer = Omit<InstalledRabbitMq, 'erlang'>;

/**
 * Finds all that are installed in the folders of {@link findRabbitMq}, the newest first.
 *
 * @throws {InstallationError} `engine-not-found`, `engine-unusable`
 */
export async function findRabbitMqServers(
  configured: string | undefined,
  variables: Variables,
): Promise<readonly [InstalledServer, ...InstalledServer[]]> {
  const homes = await homesOf(search, configured, variables);
  const found = await Promise.all(
    homes.map(async (home) => ({
      home,
      ...(await servers.get(join(home, 'plugins'), () => read(home))),
    })),
  );
  const [newest, ...others] = found.sort((a, b) => compareVersions(b.version, a.version));
  if (newest !== undefined) return [newest, ...others];
  throw new InstallationError('engine-not-found', 'RabbitMQ is missing');
}

/** A plugin is a folder or an archive with its name and version. */
async function read(home: string): Promise<Pick<InstalledRabbitMq, 'version' | 'plugins'>> {
  const entries = await readdir(join(home, 'plugins'));
  const plugins = new Map(
    entries.flatMap((entry): [string, string][] => {
      const [, name, version] = /^([a-z0-9_]+)-(\d[\w.+-]*?)(?:\.ez)?$/.exec(entry) ?? [];
      return name === undefined || version === undefined ? [] : [[name, version]];
    }),
  );
  const version = plugins.get('rabbit');
  if (version !== undefined) return { version, plugins: [...plugins.keys()] };
  const text = `${home} has no plugin 'rabbit', from which the version is read`;
  throw new InstallationError('engine-unusable', text);
}

/**
 * Finds Erlang: in the folders that the variable `WAXWING_ERLANG_HOME` names, or in the path.
 *
 * @returns the paths of `erl`, each with `epmd` beside it
 * @throws {InstallationError} `engine-not-found`
 */
async function findErlangs(variables: Variables): Promise<readonly [string, ...string[]]> {
  const [first, ...others] = await Promise.all(
    namedFolders(variables[erlangVariable]).map(namedErlang),
  );
  if (first !== undefined) return [first, ...others];
  const program = await programInPath('erl');
  if (program !== undefined && (await executable(join(dirname(program), 'epmd'))) !== undefined) {
    return [program];
  }
  const place = `there is no 'erl' with 'epmd' in ${plainEnvironment.PATH}`;
  const text = `RabbitMQ needs Erlang: ${place}; ${erlangVariable} can name its folder`;
  throw new InstallationError('engine-not-found', text);
}

async function namedErlang(folder: string): Promise<string> {
  const program = join(folder, 'bin', 'erl');
  const isUsable = isAbsolute(folder) && (await executable(program)) !== undefined;
  if (isUsable && (await executable(join(folder, 'bin', 'epmd'))) !== undefined) return program;
  const text = `${erlangVariable} names ${folder}, which is not the absolute path of a folder of Erlang`;
  throw new InstallationError('engine-not-found', text);
}

/**
 * Finds the Erlang of a RabbitMQ. If both variables name the same number of folders, it is the one at the
 * same place; otherwise it is the first on which that RabbitMQ runs.
 *
 * @throws {InstallationError} `engine-not-found`; `engine-unusable` if it does not run on any
 */
export async function erlangFor(
  { home, version }: Pick<InstalledServer, 'home' | 'version'>,
  variables: Variables,
): Promise<string> {
  const programs = await findErlangs(variables);
  const homes = namedFolders(variables[search.variable]);
  const paired = homes.length === programs.length ? programs[homes.indexOf(home)] : undefined;
  const candidates = paired === undefined ? programs : [paired];
  let unusable: unknown;
  for (const program of candidates) {
    try {
      await checkErlang(version, program);
      return program;
    } catch (error) {
      unusable ??= error;
    }
  }
  throw unusable;
}

/**
 * Checks that a RabbitMQ runs on an Erlang, whose release is read from its files. One that does not state
 * it is not refused.
 *
 * @param version of RabbitMQ
 * @throws {InstallationError} `engine-unusable`
 */
async function checkErlang(version: string, program: string): Promise<void> {
  const file = join(dirname(program), '..', 'releases', 'start_erl.data');
  const release = Number((await readFile(file, 'utf8').catch(() => '')).trim().split(' ')[1]);
  const needed = neededErlang.find(({ since }) => compareVersions(version, since) >= 0);
  if (!Number.isInteger(release) || needed === undefined) return;
  if (release >= needed.first && release <= needed.last) return;
  const last = Number.isFinite(needed.last) ? `to ${needed.last}` : 'or newer';
  const found = `RabbitMQ ${version} needs Erlang ${needed.first} ${last}, and ${program} is ${release}`;
  const text = `${found}; ${erlangVariable} can name the folder of another one`;
  throw new InstallationError('engine-unusable', text);
}

const question =
  'io:format("~s~n~s~n",[erlang:system_info(otp_release),' +
  'filename:dirname(code:which(inet_tls_dist))])';

function askErlang(program: string): Promise<InstalledErlang> {
  return erlangs.get(program, () => runErlang(program));
}

async function runErlang(program: string): Promise<InstalledErlang> {
  const args = ['-noinput', '-eval', question, '-s', 'init', 'stop'];
  const environment = { ...plainEnvironment, HOME: '/', ERL_CRASH_DUMP_SECONDS: '0' };
  const options = { timeoutMs: erlangTimeoutMs, environment };
  const { code, output, errors } = await runProgram(program, args, options);
  const [release = '', tlsModules = ''] = output.split('\n');
  if (code === 0 && /^\d+$/.test(release) && tlsModules.startsWith('/')) {
    return { program, release, tlsModules };
  }
  const text = `${program} does not state its release: ${errors || output || `exit code ${code}`}`;
  throw new InstallationError('engine-unusable', text.slice(0, 500));
}
