// The directory of a broker: its users and, if configured, its permissions.

import { FailureGatherer } from '../../../base/failure-gatherer.ts';
import { activeMqOf } from '../../../broker/activemq/activemq.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { LoginAttempt, UserDirectory } from '../../../broker/logins/logins.ts';
import { Directory } from '../../../ldap/directory.ts';
import { DirectoryLogins } from '../../../ldap/logins.ts';
import {
  type DirectoryLimits,
  type DirectorySettings,
  directoryLimits,
} from '../../../ldap/settings.ts';
import { FollowedRights } from './directory-rights.ts';

/** Permissions are more than the groups of one user. */
const rightsLimits: DirectoryLimits = {
  ...directoryLimits,
  hostTimeoutMs: 15_000,
  receivedBytesMax: 16 * 1024 * 1024,
  receivedPieceCountMax: 16_384,
};

/** The directory of a broker. */
export class BrokerDirectory implements UserDirectory {
  readonly #settings: DirectorySettings;
  readonly #logins: DirectoryLogins;
  readonly #problems: FailureGatherer<string>;
  #rights: FollowedRights | undefined = undefined;

  /** @param warn receives problems with the directory, a limited number of lines in a period */
  constructor(settings: DirectorySettings, warn: (text: string) => void) {
    this.#settings = settings;
    this.#problems = new FailureGatherer<string>((text, count) => {
      const times = count === 1 ? '' : ` (${count} times)`;
      warn(`${text ?? 'other problems with LDAP servers'}${times}`);
    });
    this.#logins = new DirectoryLogins(new Directory({ settings, report: this.#report }));
  }

  readonly #report = (text: string): void => this.#problems.add(text, text);

  check(attempt: LoginAttempt): ReturnType<UserDirectory['check']> {
    return this.#logins.check(attempt);
  }

  /**
   * Follows the permissions of the directory, if the broker's configuration says so. Resolves when the
   * first search has ended.
   */
  async followRights(broker: Broker): Promise<void> {
    const dialect = activeMqOf(broker);
    const { directoryRights: rights } = dialect.configuration;
    if (rights === undefined) return;
    const settings = this.#settings;
    const directory = new Directory({ settings, report: this.#report, limits: rightsLimits });
    this.#rights = new FollowedRights({
      directory,
      rights,
      report: this.#report,
      changed: (authorisation) => {
        dialect.rights.replace(authorisation);
        // Senders check again.
        dialect.vhost.version++;
      },
    });
    await this.#rights.start();
  }

  close(): void {
    this.#rights?.close();
    this.#problems.flush();
  }
}
