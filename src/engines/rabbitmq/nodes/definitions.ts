// The definitions that nodes import when they start.

import { createHash } from 'node:crypto';
import { systemRandom } from '../../../base/random.ts';
import { healthVhost } from '../../../transfer/health-vhost.ts';

/** RabbitMQ's name of the hash of {@link rabbitMqHash}. */
const hashingAlgorithm = 'rabbit_password_hashing_sha512';
const saltBytes = 4;

/** Marks a password hash of a user record that RabbitMQ knows. */
const prefix = '$rabbitmq-sha512$';

/** Hashes a password as RabbitMQ stores it, in the form of user records. */
export function rabbitMqHash(password: string): string {
  const salt = systemRandom.bytes(saltBytes);
  const hash = createHash('sha512').update(salt).update(password, 'utf8').digest();
  return `${prefix}${Buffer.concat([salt, hash]).toString('base64')}`;
}

/** A user, as RabbitMQ's definitions state them. */
interface UserDefinition {
  readonly name: string;
  readonly password_hash: string;
  readonly hashing_algorithm: string;
  readonly tags: string;
}

function userDefinition(name: string, passwordHash: string, tags: string): UserDefinition {
  return {
    name,
    password_hash: passwordHash.replace(prefix, ''),
    hashing_algorithm: hashingAlgorithm,
    tags,
  };
}

/** The user by which the service asks the nodes, named as on Amazon MQ. */
export const serviceUser = 'monitoring-AWS-OWNED-DO-NOT-DELETE';

/** The queue by which nodes are asked for confirms, in the virtual host of the service. */
export const healthQueue = 'health';

const everything = { configure: '.*', write: '.*', read: '.*' } as const;

/** What a cluster begins with. */
export interface FirstDefinitions {
  readonly users: readonly { readonly username: string; readonly passwordHash: string }[];
  /** Whether classic queues can have mirrors, as before RabbitMQ 4. */
  readonly hasMirrors: boolean;
}

/**
 * The definitions of a node. A cluster that has run keeps its own, so that only the user of the service
 * is stated, with the password of this start.
 *
 * @param first what a cluster begins with that has never run
 */
export function definitionsOf(serviceHash: string, first: FirstDefinitions | undefined): string {
  const service = userDefinition(serviceUser, serviceHash, 'monitoring');
  if (first === undefined) return JSON.stringify({ users: [service] });
  const vhost = '/';
  return JSON.stringify({
    users: [
      service,
      ...first.users.map(({ username, passwordHash }) =>
        userDefinition(username, passwordHash, 'administrator'),
      ),
    ],
    vhosts: [{ name: vhost }],
    permissions: first.users.map(({ username }) => ({ user: username, vhost, ...everything })),
    parameters: first.hasMirrors ? [mirrors(vhost)] : [],
  });
}

/**
 * The definitions with which the service can check confirms: a virtual host in which only its user may act. It may
 * declare the queue, and publish with the default exchange.
 */
export function healthDefinitions(serviceHash: string): string {
  const rights = { configure: `^${healthQueue}$`, write: '^amq\\.default$', read: '^$' };
  const metadata = { description: 'Health checks of Waxwing', tags: [] };
  return JSON.stringify({
    users: [userDefinition(serviceUser, serviceHash, 'monitoring')],
    vhosts: [{ name: healthVhost, ...metadata, metadata }],
    permissions: [{ user: serviceUser, vhost: healthVhost, ...rights }],
  });
}

/** Without mirrors, a classic queue would be gone while its node is down. */
function mirrors(vhost: string) {
  return {
    vhost,
    component: 'operator_policy',
    name: 'default_operator_policy_AWS_managed',
    value: {
      pattern: '.*',
      'apply-to': 'queues',
      priority: 0,
      definition: { 'ha-mode': 'all', 'ha-sync-mode': 'automatic' },
    },
  };
}
