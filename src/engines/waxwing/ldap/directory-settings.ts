// The directory settings of a broker process.

import { readFile } from 'node:fs/promises';
import { WaxwingError } from '../../../base/errors.ts';
import type { LdapSpec } from '../../../control/engine.ts';
import type { DirectorySettings } from '../../../ldap/settings.ts';

/** How brokers connect to LDAP servers. */
export interface LdapOptions {
  /** The port of all LDAP servers. */
  readonly port: number;
  /** A file with trusted authorities, PEM; undefined for the public ones. */
  readonly authoritiesFile: string | undefined;
}

/**
 * Returns the directory settings of a broker, with the password of the service account.
 *
 * @throws {WaxwingError} `authorities-unreadable`
 */
export async function directorySettings(
  spec: LdapSpec,
  { port, authoritiesFile }: LdapOptions,
): Promise<DirectorySettings> {
  const authorities = authoritiesFile === undefined ? null : await readAuthorities(authoritiesFile);
  return {
    hosts: spec.hosts,
    port,
    authorities,
    serviceAccount: {
      name: spec.serviceAccountUsername,
      password: spec.serviceAccountPassword.reveal(),
    },
    users: {
      base: spec.userBase,
      filter: spec.userSearchMatching,
      isSubtree: spec.userSearchSubtree ?? false,
    },
    userGroupAttribute: spec.userRoleName ?? null,
    groups: {
      base: spec.roleBase,
      filter: spec.roleSearchMatching,
      isSubtree: spec.roleSearchSubtree ?? false,
    },
    groupNameAttribute: spec.roleName ?? null,
  };
}

/**
 * Reads the authorities of LDAP servers at each start of a broker, so that the file can be replaced.
 *
 * @throws {WaxwingError} `authorities-unreadable`
 */
export async function readAuthorities(file: string): Promise<string> {
  const code = 'authorities-unreadable';
  try {
    const text = await readFile(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (error) {
    const { code: why } = error as NodeJS.ErrnoException;
    const message = `the authorities of LDAP servers, ${file}, cannot be read: ${why}`;
    throw new WaxwingError(code, message, { cause: error });
  }
  throw new WaxwingError(code, `${file} contains no certificate of an authority in PEM`);
}
