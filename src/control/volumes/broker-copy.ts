// What a backup says about a broker besides its messages.

import type { BrokerRecord, LdapRecord, UserRecord } from '../broker-record.ts';
import type { Configurations } from '../configurations/configurations.ts';
import type { Offer, StorageType } from '../offers/offer.ts';
import { chooseHost, requireOffer } from '../offers/offers.ts';
import { checkMaintenanceWindow, checkParameters, refuse } from '../rules.ts';
import { ldapContext, type OpenSecret } from '../users/ldap.ts';
import { checkUsername } from '../users/user-rules.ts';

/** The members of a record that are copied. Tags are not: they may give rights. */
const copiedMembers = [
  'name',
  'engineType',
  'deploymentMode',
  'engineVersion',
  'hostInstanceType',
  'authenticationStrategy',
  'autoMinorVersionUpgrade',
  'publiclyAccessible',
  'securityGroups',
  'subnetIds',
  'generalLog',
  'auditLog',
  'maintenanceWindow',
  'storageSizeGb',
  'users',
] as const;

/** The settings of a broker that a restored one has, too. */
export type CopiedSettings = Pick<BrokerRecord, (typeof copiedMembers)[number]>;

/** A volume of a broker that is copied. */
export interface CopiedVolume {
  /** The id is part of the keys of the volume, so a restored volume has the same one. */
  readonly id: string;
  readonly storageType: StorageType;
}

/** A broker in a backup. It contains hashes of passwords, and the password for an LDAP server. */
export interface BrokerCopy {
  readonly settings: CopiedSettings;
  readonly ldap:
    | (Omit<LdapRecord, 'sealedServiceAccountPassword'> & {
        readonly serviceAccountPassword: string;
      })
    | null;
  /** The text of the configuration in use; null if the broker has the defaults of its engine. */
  readonly configurationText: string | null;
  readonly volumes: readonly CopiedVolume[];
}

/** Maximum size of {@link BrokerCopy} as JSON, bytes: users, and a configuration. */
export const brokerCopyBytesMax: number = 4 * 1024 * 1024;

/** Copies the settings of a broker. */
export function copyOf(
  broker: BrokerRecord,
  configurations: Configurations,
  openSecret: OpenSecret,
): BrokerCopy {
  const { configuration: use, ldap, volumes } = broker;
  const settings = Object.fromEntries(copiedMembers.map((name) => [name, broker[name]]));
  const revision = use && configurations.revision(use.id, use.revision);
  return {
    settings: settings as unknown as CopiedSettings, // each member is copied
    ldap: ldap && openedLdap(ldap, broker.id, openSecret),
    configurationText: revision?.text ?? null,
    volumes: volumes.map(({ id, storageType }) => ({ id, storageType })),
  };
}

function openedLdap(record: LdapRecord, brokerId: string, open: OpenSecret): BrokerCopy['ldap'] {
  const { sealedServiceAccountPassword: sealed, ...others } = record;
  return { ...others, serviceAccountPassword: open(ldapContext(brokerId), sealed) };
}

/**
 * Checks a copy as a request for a new broker is checked: another service may have written it.
 *
 * @param offered the kinds of brokers that can be created
 * @returns the offer of its kind
 * @throws {ControlError} 'bad-request'
 */
export function checkCopy(copy: BrokerCopy, offered: readonly Offer[]): Offer {
  const { settings, volumes, ldap } = copy;
  const { engineType, deploymentMode, engineVersion, hostInstanceType, users } = settings;
  const offer = requireOffer(offered, engineType, deploymentMode);
  const [volume, ...others] = volumes;
  if (volume === undefined || others.length > 0) {
    throw refuse('volumes', `The backup has ${volumes.length} volumes; 1 is supported.`);
  }
  const storageType = volume.storageType;
  chooseHost(offer, { hostInstanceType, engineVersion, storageType });
  const { authenticationStrategy } = settings;
  checkParameters({ authenticationStrategy, ...(ldap && { ldapServerMetadata: ldap }) }, offer);
  checkMaintenanceWindow(settings.maintenanceWindow);
  const { max } = offer.rules.users;
  if (users.length > max) {
    throw refuse('users', `The backup has ${users.length} users; at most ${max} are allowed.`);
  }
  for (const user of users) checkUser(user, offer);
  return offer;
}

function checkUser({ username, passwordHash, groups = [] }: UserRecord, offer: Offer): void {
  checkUsername(username, offer.rules.users);
  const isValid = typeof passwordHash === 'string' && passwordHash.length <= 1024;
  if (isValid && groups.length <= 20) return;
  throw refuse('users', `User [${username}] of the backup is not valid.`);
}
