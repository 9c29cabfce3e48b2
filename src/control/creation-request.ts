// Validation of CreateBroker requests.

import { createHmac, type KeyObject } from 'node:crypto';
import type { MaintenanceWindow } from './broker-record.ts';
import type { MissingKind } from './engine.ts';
import type { AskedKey } from './keys/key-finder.ts';
import type { Offer, StorageType } from './offers/offer.ts';
import { chooseHost, requireOffer } from './offers/offers.ts';
import { chooseStorageSize } from './offers/storage-sizes.ts';
import {
  type ConfigurationRequest,
  checkBrokerName,
  checkLogs,
  checkMaintenanceWindow,
  checkMinorUpgrade,
  checkParameters,
  checkSecurityGroups,
  checkStrategy,
  checkSubnets,
  checkTags,
  type LogsRequest,
  type OptionalParameters,
  refuse,
} from './rules.ts';
import type { LdapRequest } from './users/ldap.ts';
import { checkUsers, type UserRequest } from './users/user-rules.ts';

/** A CreateBroker request, with the member names of Amazon MQ. */
export interface CreationRequest extends OptionalParameters {
  readonly brokerName: string;
  readonly deploymentMode: string;
  readonly engineType: string;
  readonly hostInstanceType: string;
  readonly publiclyAccessible?: boolean | undefined;
  readonly users?: readonly UserRequest[] | undefined;
  readonly engineVersion?: string | undefined;
  readonly autoMinorVersionUpgrade?: boolean | undefined;
  readonly creatorRequestId?: string | undefined;
  readonly encryptionOptions?:
    | { readonly useAwsOwnedKey: boolean; readonly kmsKeyId?: string | undefined }
    | undefined;
  readonly logs?: LogsRequest | undefined;
  readonly maintenanceWindowStartTime?: WindowRequest | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly storageType?: string | undefined;
  readonly subnetIds?: readonly string[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The requested maintenance window. The default time zone is UTC. */
export interface WindowRequest {
  readonly dayOfWeek: string;
  readonly timeOfDay: string;
  readonly timeZone?: string | undefined;
}

/** Validated settings of a broker. */
export interface AcceptedCreation {
  readonly offer: Offer;
  readonly name: string;
  readonly users: readonly UserRequest[];
  readonly engineVersion: string;
  readonly hostInstanceType: string;
  readonly storageType: StorageType;
  /** The size of each volume, GB; null if brokers of the kind have one size. */
  readonly storageSizeGb: number | null;
  readonly authenticationStrategy: string;
  readonly ldap: LdapRequest | undefined;
  /** Undefined if the broker gets the default configuration of its kind. */
  readonly configuration: ConfigurationRequest | undefined;
  readonly publiclyAccessible: boolean;
  readonly securityGroups: readonly string[];
  readonly subnetIds: readonly string[];
  readonly generalLog: boolean;
  readonly auditLog: boolean | null;
  readonly maintenanceWindow: MaintenanceWindow;
  readonly tags: Readonly<Record<string, string>>;
  readonly key: AskedKey;
  /** The primary broker; undefined unless a replica is requested. */
  readonly primaryArn: string | undefined;
}

/**
 * Checks a request against all rules that depend only on the request.
 *
 * @param offered the kinds of brokers that can be created
 * @param missing those that this machine cannot run
 * @throws {ControlError} 'bad-request'
 */
export function acceptCreation(
  request: CreationRequest,
  offered: readonly Offer[],
  missing: readonly MissingKind[] = [],
): AcceptedCreation {
  checkBrokerName(request.brokerName);
  const offer = requireOffer(offered, request.engineType, request.deploymentMode, missing);
  checkParameters(request, offer);
  const users = request.users ?? [];
  const strategy = request.authenticationStrategy ?? 'SIMPLE';
  checkStrategy(strategy, request.ldapServerMetadata !== undefined);
  checkUsers(users, offer, strategy);
  checkMinorUpgrade(request.autoMinorVersionUpgrade ?? true, offer);
  const host = chooseHost(offer, request);
  const { tags = {}, securityGroups = [], subnetIds = [], logs } = request;
  checkTags(tags);
  checkSecurityGroups(securityGroups);
  checkSubnets(subnetIds, offer);
  checkLogs(logs, offer);
  return {
    offer,
    name: request.brokerName,
    users,
    ...host,
    hostInstanceType: request.hostInstanceType,
    storageSizeGb: chooseStorageSize(offer, { ...request, ...host }),
    authenticationStrategy: strategy,
    ldap: request.ldapServerMetadata,
    configuration: request.configuration,
    publiclyAccessible: request.publiclyAccessible ?? false,
    securityGroups,
    subnetIds,
    generalLog: logs?.general ?? false,
    auditLog: offer.rules.logs.includes('audit') ? (logs?.audit ?? false) : null,
    maintenanceWindow: acceptWindow(request.maintenanceWindowStartTime),
    tags,
    key: acceptKey(request.encryptionOptions),
    primaryArn: acceptPrimary(request),
  };
}

function acceptPrimary({
  dataReplicationMode: mode,
  dataReplicationPrimaryBrokerArn: arn,
}: CreationRequest): string | undefined {
  if (mode === 'CRDR' && arn === undefined) {
    throw refuse(
      'dataReplicationPrimaryBrokerArn',
      'A primary broker ARN is required with data replication mode [CRDR].',
    );
  }
  if (mode === 'NONE' && arn !== undefined) {
    throw refuse(
      'dataReplicationPrimaryBrokerArn',
      'A primary broker ARN can only be given with data replication mode [CRDR].',
    );
  }
  return arn;
}

/**
 * Computes a digest that tells whether a request with a known idempotency token is the same as the
 * first one. It covers the whole request, including passwords. Without the key, passwords cannot be
 * guessed from it.
 *
 * @returns 64 hexadecimal digits
 */
export function creationDigest(key: KeyObject, request: CreationRequest): string {
  return createHmac('sha256', key).update(JSON.stringify(request, sorted)).digest('hex');
}

/** Sorts the members of objects by name, because clients send tags in any order. */
function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @throws {ControlError} 'bad-request' */
export function acceptWindow(request: WindowRequest | undefined): MaintenanceWindow {
  if (request === undefined) return { dayOfWeek: 'SUNDAY', timeOfDay: '00:00', timeZone: 'UTC' };
  const window = { ...request, timeZone: request.timeZone ?? 'UTC' };
  checkMaintenanceWindow(window);
  return window;
}

function acceptKey(options: CreationRequest['encryptionOptions']): AskedKey {
  if (options === undefined) return 'service';
  const { useAwsOwnedKey, kmsKeyId } = options;
  if (!useAwsOwnedKey) return kmsKeyId === undefined ? 'managed' : { named: kmsKeyId };
  if (kmsKeyId === undefined) return 'service';
  throw refuse('encryptionOptions', 'Specify either kmsKeyId or useAwsOwnedKey, not both.');
}
