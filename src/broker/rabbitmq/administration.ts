// The administration of a RabbitMQ broker, as a management API uses it.

import type { Broker } from '../broker.ts';
import type { LoginAttempt } from '../logins/logins.ts';
import { Access, type User } from '../users.ts';
import { DefinitionsTransfer } from './definitions-transfer.ts';
import { Inspection } from './inspection.ts';
import { ParameterAdministration } from './parameter-administration.ts';
import { PolicyAdministration } from './policy-administration.ts';
import { TopologyAdministration } from './topology-administration.ts';
import { UserAdministration } from './user-administration.ts';
import { VhostAdministration } from './vhost-administration.ts';

/** The parts that the administration needs. */
export interface AdministrationOptions {
  /** Hashes a password for storage. */
  readonly hashPassword: (password: string) => Promise<string>;
}

/**
 * Administers and inspects a RabbitMQ broker. Changes take effect at once, for connected clients
 * too, and are durable once {@link synced} resolves. Nothing here checks what the caller may do,
 * except where an `Access` is passed.
 *
 * All parts throw {@link BrokerError}: `not-found`, `precondition-failed` for invalid input and
 * reached limits, `access-refused`, `resource-locked`, `not-allowed`.
 */
export class Administration {
  readonly broker: Broker;
  /** Virtual hosts and their limits. */
  readonly vhosts: VhostAdministration;
  /** Users with their limits, permissions and topic permissions. */
  readonly users: UserAdministration;
  /** Policies and operator policies. */
  readonly policies: PolicyAdministration;
  /** Runtime parameters and global parameters. */
  readonly parameters: ParameterAdministration;
  /** Queues, exchanges and bindings. */
  readonly topology: TopologyAdministration;
  /** Connections, channels and consumers. */
  readonly inspection: Inspection;
  /** Export and import of definitions. */
  readonly definitions: DefinitionsTransfer;

  constructor(broker: Broker, options: AdministrationOptions) {
    this.broker = broker;
    this.vhosts = new VhostAdministration(broker);
    this.users = new UserAdministration(broker, options.hashPassword);
    this.policies = new PolicyAdministration(broker);
    this.parameters = new ParameterAdministration(broker);
    this.topology = new TopologyAdministration(broker);
    this.inspection = new Inspection(broker);
    this.definitions = new DefinitionsTransfer(this);
  }

  /**
   * Checks the password of a user, under the limits of log-ins.
   *
   * @returns undefined if the password is wrong or there is no such user
   * @throws {BrokerError} `resource-error` if too many log-ins are waiting
   */
  logIn(attempt: LoginAttempt): Promise<User | undefined> {
    return this.broker.logins.check(attempt);
  }

  /**
   * The permissions of a user in a virtual host, for requests that need them. Unlike a connection,
   * it does not count against limits.
   *
   * @throws {BrokerError} `not-allowed` if the user has no permissions in the virtual host
   */
  access(user: User, vhost: string): Access {
    this.broker.accounts.requirePermitted(user, vhost);
    return new Access(this.broker.users, user.name, vhost, user);
  }

  /** Resolves once all changes made so far are on disk. */
  synced(): Promise<void> {
    return this.broker.defined();
  }
}
