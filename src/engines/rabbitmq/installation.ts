// The RabbitMQ of this machine, as clusters need it.

import { dirname, join } from 'node:path';
import { majorMinor } from '../../control/offers/offers.ts';
import { isFipsForced } from '../../crypto/fips-process.ts';
import { encryptionProblem } from '../../volumes/capabilities.ts';
import type { VolumeOwner } from '../../volumes/gocryptfs.ts';
import { systemUser } from '../../volumes/system-user.ts';
import { InstallationError } from '../installed/errors.ts';
import { erlangFor, findRabbitMqServers, type InstalledServer } from '../installed/rabbitmq.ts';

/** A RabbitMQ whose nodes can be run. */
export interface Installation {
  /** `3.10.8` */
  readonly version: string;
  readonly server: string;
  readonly epmd: string;
  /** The program of Erlang's virtual machine. */
  readonly erl: string;
  /** The folder of its plugins. */
  readonly pluginsFolder: string;
  /** The program `rabbitmqctl`. */
  readonly control: string;
  /** The program `rabbitmq-queues`. */
  readonly queues: string;
  /** The program `rabbitmq-upgrade`. */
  readonly upgrade: string;
  /** The names of its plugins. */
  readonly plugins: readonly string[];
  /** The user of the nodes; undefined for the user of this process. */
  readonly user: VolumeOwner | undefined;
}

/**
 * The user that runs nodes if this process is the superuser. Neither the superuser nor `nobody`: other
 * programs run as the latter, and could read the mounted volumes.
 */
const userName = 'rabbitmq';

/**
 * Finds what is installed of RabbitMQ, or states why clusters cannot run on this machine. Of each minor
 * version, the newest is used; one without an Erlang on which it runs is left out.
 *
 * @returns the newest first, at least one
 */
export async function findInstallations(): Promise<readonly Installation[] | string> {
  try {
    const servers = await findRabbitMqServers(undefined, process.env);
    if (isFipsForced()) return 'RabbitMQ would not use the FIPS provider, which is required';
    const problem = await encryptionProblem();
    if (problem !== undefined) return `the volumes of nodes cannot be encrypted: ${problem}`;
    const user = await userOfNodes();
    if (typeof user === 'string') return user;
    return await usable(servers, user);
  } catch (error) {
    if (error instanceof InstallationError) return error.message;
    throw error;
  }
}

/** Those with an Erlang on which they run. @throws {InstallationError} if there is none */
async function usable(
  servers: readonly InstalledServer[],
  user: VolumeOwner | undefined,
): Promise<readonly Installation[]> {
  const found: Installation[] = [];
  let unusable: unknown;
  for (const server of servers) {
    if (installationFor(found, server.version) !== undefined) continue;
    try {
      found.push(installationOf(server, await erlangFor(server, process.env), user));
    } catch (error) {
      if (!(error instanceof InstallationError)) throw error;
      unusable ??= error;
    }
  }
  if (found.length > 0) return found;
  throw unusable;
}

/** The one of several installations that has the minor version of a version. */
export function installationFor<Each extends Pick<Installation, 'version'>>(
  installations: readonly Each[],
  version: string,
): Each | undefined {
  return installations.find((each) => majorMinor(each.version) === majorMinor(version));
}

function installationOf(
  { home, version, plugins }: InstalledServer,
  erl: string,
  user: VolumeOwner | undefined,
): Installation {
  const program = (name: string) => join(home, 'sbin', name);
  return {
    version,
    plugins,
    pluginsFolder: join(home, 'plugins'),
    epmd: join(dirname(erl), 'epmd'),
    erl,
    user,
    server: program('rabbitmq-server'),
    control: program('rabbitmqctl'),
    queues: program('rabbitmq-queues'),
    upgrade: program('rabbitmq-upgrade'),
  };
}

/** The user of the nodes; undefined for the user of this process. A text states what is missing. */
async function userOfNodes(): Promise<VolumeOwner | undefined | string> {
  if (process.geteuid?.() !== 0) return undefined;
  const user = await systemUser(userName);
  if (user !== undefined) return user;
  return `there is no user ${userName}, and nodes must not run as root`;
}
