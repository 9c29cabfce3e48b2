// RabbitMQ and Erlang, as installed on this machine.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { programInPath } from '../../base/programs/program-path.ts';
import { plainEnvironment, runProgram } from '../../base/programs/run-program.ts';
import { compareVersions, exists, homesOf, PathCache, type Variables } from './candidates.ts';
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
  return { ...(await findRabbitMqServer(configured, variables)), erlang: await findErlang() };
}

/**
 * Like {@link findRabbitMq}, without its Erlang, whose examination takes long.
 *
 * @throws {InstallationError} `engine-not-found`, `engine-unusable`
 */
export async function findRabbitMqServer(
  configured: string | undefined,
  variables: Variables,
): Promise<Omit<InstalledRabbitMq, 'erlang'>> {
  const homes = await homesOf(search, configured, variables);
  const found = await Promise.all(
    homes.map(async (home) => ({
      home,
      ...(await servers.get(join(home, 'plugins'), () => read(home))),
    })),
  );
  const [newest] = found.sort((a, b) => compareVersions(b.version, a.version));
  if (newest !== undefined) return newest;
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

async function findErlang(): Promise<InstalledErlang> {
  const program = await programInPath('erl');
  if (program === undefined) {
    const text = `RabbitMQ needs Erlang: there is no 'erl' in ${plainEnvironment.PATH}`;
    throw new InstallationError('engine-not-found', text);
  }
  return erlangs.get(program, () => askErlang(program));
}

const question =
  'io:format("~s~n~s~n",[erlang:system_info(otp_release),' +
  'filename:dirname(code:which(inet_tls_dist))])';

async function askErlang(program: string): Promise<InstalledErlang> {
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
