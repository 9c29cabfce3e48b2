// The RabbitMQ of this machine, as clusters need it.

import { dirname, join } from 'node:path';
import { isFipsForced } from '../../crypto/fips-process.ts';
import { encryptionProblem } from '../../volumes/capabilities.ts';
import type { VolumeOwner } from '../../volumes/gocryptfs.ts';
import { systemUser } from '../../volumes/system-user.ts';
import { InstallationError } from '../installed/errors.ts';
import { checkErlang, findErlang, findRabbitMqServer } from '../installed/rabbitmq.ts';

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

/** Finds RabbitMQ, or states why clusters cannot run on this machine. */
export async function findInstallation(): Promise<Installation | string> {
  try {
    const { home, version, plugins } = await findRabbitMqServer(undefined, process.env);
    const erl = await findErlang(process.env);
    await checkErlang(version, erl);
    if (isFipsForced()) return 'RabbitMQ would not use the FIPS provider, which is required';
    const problem = await encryptionProblem();
    if (problem !== undefined) return `the volumes of nodes cannot be encrypted: ${problem}`;
    const user = await userOfNodes();
    if (typeof user === 'string') return user;
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
    };
  } catch (error) {
    if (error instanceof InstallationError) return error.message;
    throw error;
  }
}

/** The user of the nodes; undefined for the user of this process. A text states what is missing. */
async function userOfNodes(): Promise<VolumeOwner | undefined | string> {
  if (process.geteuid?.() !== 0) return undefined;
  const user = await systemUser(userName);
  if (user !== undefined) return user;
  return `there is no user ${userName}, and nodes must not run as root`;
}
