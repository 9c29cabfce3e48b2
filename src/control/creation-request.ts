import { createHmac, type KeyObject } from 'node:crypto';
import type { AskedKey } from './broker-keys.ts';
import type { MaintenanceWindow } from './broker-record.ts';
import {
  checkBrokerName,
  checkMaintenanceWindow,
  checkMinorUpgrade,
  checkOffer,
  checkSecurityGroups,
  checkTags,
  checkUser,
  refuse,
} from './rules.ts';

/** What a broker may be asked for with, members as Amazon MQ's CreateBroker names them. */
export interface CreationRequest {
  readonly brokerName: string;
  readonly deploymentMode: string;
  readonly engineType: string;
  readonly hostInstanceType: string;
  readonly publiclyAccessible?: boolean | undefined;
  readonly users?: readonly { readonly username: string; readonly password: string }[] | undefined;
  readonly engineVersion?: string | undefined;
  readonly autoMinorVersionUpgrade?: boolean | undefined;
  readonly authenticationStrategy?: string | undefined;
  readonly configuration?: { readonly id: string } | undefined;
  readonly creatorRequestId?: string | undefined;
  readonly encryptionOptions?:
    | { readonly useAwsOwnedKey: boolean; readonly kmsKeyId?: string | undefined }
    | undefined;
  readonly ldapServerMetadata?: unknown;
  readonly logs?: LogsRequest | undefined;
  readonly maintenanceWindowStartTime?: WindowRequest | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly storageType?: string | undefined;
  readonly storageSize?: number | undefined;
  readonly subnetIds?: readonly string[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly dataReplicationMode?: string | undefined;
  readonly dataReplicationPrimaryBrokerArn?: string | undefined;
}

/** Which logs are to be kept. */
export interface LogsRequest {
  readonly general?: boolean | undefined;
  readonly audit?: boolean | undefined;
}

/** When the broker may be maintained; UTC where no zone is named. */
export interface WindowRequest {
  readonly dayOfWeek: string;
  readonly timeOfDay: string;
  readonly timeZone?: string | undefined;
}

/** Settings that a request asks for, all rules kept. */
export interface AcceptedCreation {
  readonly name: string;
  readonly user: { readonly username: string; readonly password: string };
  readonly engineVersion: string;
  readonly hostInstanceType: string;
  readonly publiclyAccessible: boolean;
  readonly securityGroups: readonly string[];
  readonly subnetIds: readonly string[];
  readonly generalLog: boolean;
  readonly maintenanceWindow: MaintenanceWindow;
  readonly tags: Readonly<Record<string, string>>;
  readonly key: AskedKey;
}

/**
 * Holds a request against every rule that needs nothing but the request.
 *
 * @throws {ControlError} 'bad-request'
 */
export function acceptCreation(request: CreationRequest): AcceptedCreation {
  checkBrokerName(request.brokerName);
  refuseUnsupported(request);
  const [user, ...more] = request.users ?? [];
  if (user === undefined || more.length > 0) {
    throw refuse(
      'users',
      `${request.users?.length ?? 0} users are given; a RabbitMQ broker is created with exactly 1.`,
    );
  }
  checkUser(user.username, user.password);
  checkMinorUpgrade(request.autoMinorVersionUpgrade ?? true);
  const engineVersion = checkOffer(request.hostInstanceType, request.engineVersion);
  const tags = request.tags ?? {};
  checkTags(tags);
  checkSecurityGroups(request.securityGroups ?? []);
  return {
    name: request.brokerName,
    user,
    engineVersion,
    hostInstanceType: request.hostInstanceType,
    publiclyAccessible: request.publiclyAccessible ?? false,
    securityGroups: request.securityGroups ?? [],
    subnetIds: request.subnetIds ?? [],
    generalLog: acceptLogs(request.logs) ?? false,
    maintenanceWindow: acceptWindow(request.maintenanceWindowStartTime),
    tags,
    key: acceptKey(request.encryptionOptions),
  };
}

/**
 * A digest by which a request repeated under one idempotency token is told from another. It takes in
 * the whole request, passwords too; without the key no password can be guessed from it.
 *
 * @returns 64 hex digits
 */
export function creationDigest(key: KeyObject, request: CreationRequest): string {
  return createHmac('sha256', key).update(JSON.stringify(request, sorted)).digest('hex');
}

/** Has an object's members written in the order of their names: some clients send tags in any. */
function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @returns whether the general log is to be kept; undefined where nothing is said about it */
export function acceptLogs(logs: LogsRequest | undefined): boolean | undefined {
  if (logs?.audit !== undefined) {
    throw refuse('audit', 'Audit logging is not supported for RabbitMQ brokers.');
  }
  return logs?.general;
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
  throw refuse(
    'encryptionOptions',
    'A KMS key is named though the AWS owned key is to be used: give kmsKeyId or useAwsOwnedKey.',
  );
}

/** What Amazon MQ knows but a RabbitMQ broker, or this service, does not have. */
const unsupported: readonly [
  attribute: string,
  asked: (request: CreationRequest) => boolean,
  text: (request: CreationRequest) => string,
][] = [
  [
    'engineType',
    ({ engineType }) => engineType !== 'RABBITMQ',
    ({ engineType }) =>
      `Broker engine type [${engineType}] is invalid. Valid values are: [RABBITMQ]`,
  ],
  [
    'deploymentMode',
    ({ deploymentMode }) => deploymentMode !== 'SINGLE_INSTANCE',
    ({ deploymentMode }) =>
      `Deployment mode [${deploymentMode}] is invalid for engine type [RabbitMQ]. ` +
      'Valid values are: [SINGLE_INSTANCE]',
  ],
  [
    'storageType',
    ({ storageType }) => storageType !== undefined && storageType !== 'EBS',
    ({ storageType }) =>
      `Storage type [${storageType}] is invalid for engine type [RabbitMQ]. ` +
      'Valid values are: [EBS]',
  ],
  [
    'authenticationStrategy',
    ({ authenticationStrategy: strategy }) => strategy !== undefined && strategy !== 'SIMPLE',
    ({ authenticationStrategy: strategy }) =>
      `Authentication strategy [${strategy}] is invalid for engine type [RabbitMQ]. ` +
      'Valid values are: [SIMPLE]',
  ],
  [
    'configuration',
    ({ configuration }) => configuration !== undefined,
    ({ configuration }) =>
      `Can't find requested configuration [${configuration?.id}]. ` +
      'Make sure your configuration exists.',
  ],
  [
    'ldapServerMetadata',
    ({ ldapServerMetadata }) => ldapServerMetadata !== undefined,
    () => 'LDAP is not supported for RabbitMQ brokers.',
  ],
  [
    'storageSize',
    ({ storageSize }) => storageSize !== undefined,
    () => 'A storage size can only be given for cluster deployments.',
  ],
  [
    'subnetIds',
    ({ subnetIds = [] }) => subnetIds.length > 1,
    ({ subnetIds = [] }) => `${subnetIds.length} subnets are given, a single instance has 1.`,
  ],
  [
    'dataReplicationMode',
    ({ dataReplicationMode: mode, dataReplicationPrimaryBrokerArn: primary }) =>
      (mode !== undefined && mode !== 'NONE') || primary !== undefined,
    () => 'Data replication is not supported for RabbitMQ brokers.',
  ],
];

function refuseUnsupported(request: CreationRequest): void {
  for (const [attribute, asked, text] of unsupported) {
    if (asked(request)) throw refuse(attribute, text(request));
  }
}
