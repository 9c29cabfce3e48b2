import type { LdapRecord } from '../broker-record.ts';
import { refuse } from '../rules.ts';

/** How a request says to ask an LDAP server; members are named as in Amazon MQ's API. */
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

/** Seals a secret, so that only this service opens it; base64. */
export type SealSecret = (context: string, secret: string) => string;

/** What a broker's LDAP password is sealed for. */
export function ldapContext(brokerId: string): string {
  return `LDAP service account of ${brokerId}`;
}

/**
 * Checks what the shape of a request cannot.
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

/** What the record of a broker keeps of a request. */
export function ldapRecord(request: LdapRequest, brokerId: string, seal: SealSecret): LdapRecord {
  const { serviceAccountPassword, ...others } = request;
  // Members that are undefined are left out, as in JSON.
  const members = Object.entries(others).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(members) as Omit<LdapRecord, 'sealedServiceAccountPassword'>),
    sealedServiceAccountPassword: seal(ldapContext(brokerId), serviceAccountPassword),
  };
}
