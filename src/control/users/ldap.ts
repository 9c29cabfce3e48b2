// LDAP settings of brokers.

import { Secret } from '../../base/secret.ts';
import type { LdapRecord } from '../broker-record.ts';
import type { LdapSpec } from '../engine.ts';
import { refuse } from '../rules.ts';

/** The LDAP settings in a request, with the member names of the Amazon MQ API. */
export interface LdapRequest {
  readonly hosts: readonly string[];
  readonly roleBase: string;
  readonly roleName?: string | undefined;
  readonly roleSearchMatching: string;
  readonly roleSearchSubtree?: boolean | undefined;
  readonly serviceAccountUsername: string;
  readonly serviceAccountPassword: string;
  readonly userBase: string;
  readonly userRoleName?: string | undefined;
  readonly userSearchMatching: string;
  readonly userSearchSubtree?: boolean | undefined;
}

/** Seals a secret so that only this service can open it. Returns base64. */
export type SealSecret = (context: string, secret: string) => string;

/** Opens a sealed secret. */
export type OpenSecret = (context: string, sealed: string) => string;

/** The sealing context of a broker's LDAP password. */
export function ldapContext(brokerId: string): string {
  return `LDAP service account of ${brokerId}`;
}

/**
 * Validates what the shape of a request does not validate.
 *
 * @throws {ControlError} 'bad-request'
 */
export function checkLdap({ hosts }: LdapRequest): void {
  const wrong = hosts.find(
    (host) => !/^(?:[0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])$/.test(host),
  );
  if (wrong === undefined) return;
  throw refuse(
    'hosts',
    `LDAP host [${wrong.slice(0, 110)}] is invalid. It must be a name or an address, without scheme ` +
      'and port: the service connects to ldaps, port 636.',
  );
}

/** Returns the LDAP settings for a broker record. */
export function ldapRecord(request: LdapRequest, brokerId: string, seal: SealSecret): LdapRecord {
  const { serviceAccountPassword, ...others } = request;
  // Undefined members are omitted, as in JSON.
  const members = Object.entries(others).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(members) as Omit<LdapRecord, 'sealedServiceAccountPassword'>),
    sealedServiceAccountPassword: seal(ldapContext(brokerId), serviceAccountPassword),
  };
}

/** Returns the LDAP settings for an engine. */
export function ldapSpec(record: LdapRecord, brokerId: string, open: OpenSecret): LdapSpec {
  const { sealedServiceAccountPassword: sealed, ...settings } = record;
  return { ...settings, serviceAccountPassword: new Secret(open(ldapContext(brokerId), sealed)) };
}
