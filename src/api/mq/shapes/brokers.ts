// The shapes of the operations on brokers.

import {
  boolean,
  enumeration,
  freeText,
  integer,
  list,
  required,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import {
  anyCase,
  arn,
  configurationUse,
  groups,
  ldapInput,
  ldapOutput,
  nextToken,
  password,
  strategy,
  tags,
  text,
} from './common.ts';

const days = [
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
  'SUNDAY',
] as const;

/** A creator request id; clients send a UUID. */
const creatorRequestId = string({ min: 1, max: 128 });
/** Maximum number of users of a broker, as in Amazon MQ. */
const usersMax = 250;
/** Names of security groups or subnets in a request. */
const names = list(text, { max: 125 });
const resourceShareArns = list(arn, { max: 20 });

const deploymentMode = enumeration(
  ['SINGLE_INSTANCE', 'ACTIVE_STANDBY_MULTI_AZ', 'CLUSTER_MULTI_AZ'],
  anyCase,
);
const replicationMode = enumeration(['NONE', 'CRDR'], anyCase);
const replicationMetadata = structure({
  dataReplicationCounterpart: structure({ brokerId: string(), region: string() }),
  dataReplicationRole: string(),
});

const windowShape = structure({
  dayOfWeek: required(enumeration(days, anyCase)),
  timeOfDay: required(text),
  timeZone: text,
});
const logs = structure({ general: boolean(), audit: boolean() });

/** The path members that identify a broker. */
export const brokerPath = structure({ brokerId: required(text) });

/** The id of a broker. */
export const brokerIdOnly = structure({ brokerId: string() });

/** The request of CreateBroker. */
export const createBrokerRequest = structure({
  brokerName: required(freeText('broker name', text)),
  deploymentMode: required(deploymentMode),
  engineType: required(text),
  hostInstanceType: required(text),
  publiclyAccessible: boolean(),
  users: list(
    structure({
      username: required(freeText('user name', text)),
      password: required(password),
      consoleAccess: boolean(),
      groups,
      replicationUser: boolean(),
    }),
    { max: usersMax },
  ),
  engineVersion: text,
  autoMinorVersionUpgrade: boolean(),
  authenticationStrategy: strategy,
  configuration: configurationUse,
  creatorRequestId,
  encryptionOptions: structure({
    useAwsOwnedKey: required(boolean()),
    kmsKeyId: string({ min: 1, max: 2048 }),
  }),
  ldapServerMetadata: ldapInput,
  logs,
  maintenanceWindowStartTime: windowShape,
  securityGroups: names,
  storageType: enumeration(['EBS', 'EFS'], anyCase),
  storageSize: integer(),
  subnetIds: names,
  tags,
  dataReplicationMode: replicationMode,
  dataReplicationPrimaryBrokerArn: arn,
});

/** The response of CreateBroker. */
export const createBrokerResponse = structure({ brokerArn: string(), brokerId: string() });

const logsSummary = structure({
  general: boolean(),
  generalLogGroup: string(),
  audit: boolean(),
  auditLogGroup: string(),
  pending: structure({ general: boolean(), audit: boolean() }),
});

/** The response of DescribeBroker. */
export const describeBrokerResponse = structure({
  actionsRequired: list(structure({ actionRequiredCode: string(), actionRequiredInfo: string() })),
  authenticationStrategy: string(),
  autoMinorVersionUpgrade: boolean(),
  brokerArn: string(),
  brokerId: string(),
  brokerInstances: list(
    structure({ consoleURL: string(), endpoints: list(string()), ipAddress: string() }),
  ),
  brokerName: string(),
  brokerState: string(),
  configurations: structure({
    current: configurationUse,
    history: list(configurationUse),
    pending: configurationUse,
  }),
  created: timestamp('date-time'),
  dataReplicationMetadata: replicationMetadata,
  dataReplicationMode: string(),
  deploymentMode: string(),
  encryptionOptions: structure({ useAwsOwnedKey: boolean(), kmsKeyId: string() }),
  engineType: string(),
  engineVersion: string(),
  hostInstanceType: string(),
  ldapServerMetadata: ldapOutput,
  logs: logsSummary,
  maintenanceWindowStartTime: windowShape,
  pendingAuthenticationStrategy: string(),
  pendingDataReplicationMetadata: replicationMetadata,
  pendingDataReplicationMode: string(),
  pendingEngineVersion: string(),
  pendingHostInstanceType: string(),
  pendingLdapServerMetadata: ldapOutput,
  pendingSecurityGroups: list(string()),
  pendingStorageSize: integer(),
  publiclyAccessible: boolean(),
  securityGroups: list(string()),
  storageSize: integer(),
  storageType: string(),
  subnetIds: list(string()),
  tags,
  users: list(structure({ username: string(), pendingChange: string() })),
});

/** The response of ListBrokers. */
export const listBrokersResponse = structure({
  brokerSummaries: list(
    structure({
      brokerArn: string(),
      brokerId: string(),
      brokerName: string(),
      brokerState: string(),
      created: timestamp('date-time'),
      deploymentMode: string(),
      engineType: string(),
      hostInstanceType: string(),
    }),
  ),
  nextToken: string(),
});

const updateMembers = {
  authenticationStrategy: strategy,
  autoMinorVersionUpgrade: boolean(),
  configuration: configurationUse,
  dataReplicationMode: replicationMode,
  engineVersion: text,
  hostInstanceType: text,
  logs,
  maintenanceWindowStartTime: windowShape,
  resourceShareArns,
  securityGroups: names,
  storageSize: integer(),
};

/** The request of UpdateBroker. */
export const updateBrokerRequest = structure({
  brokerId: required(text),
  ...updateMembers,
  ldapServerMetadata: ldapInput,
});

/** UpdateBroker, response: the requested settings. */
export const updateBrokerResponse = structure({
  brokerId: string(),
  ...updateMembers,
  dataReplicationMetadata: replicationMetadata,
  ldapServerMetadata: ldapOutput,
  pendingDataReplicationMetadata: replicationMetadata,
  pendingDataReplicationMode: string(),
});

/** The request of ListUsers and of DescribeSharedResources. */
export const brokerPageRequest = structure({
  brokerId: required(text),
  maxResults: integer(),
  nextToken,
});

/** The request of Promote. */
export const promoteRequest = structure({
  brokerId: required(text),
  mode: required(enumeration(['SWITCHOVER', 'FAILOVER'], anyCase)),
});

/** The response of DescribeSharedResources. */
export const sharedResourcesResponse = structure({
  sharedResources: list(
    structure({
      type: string(),
      resourceArn: string(),
      status: string(),
      dnsNames: list(string()),
      resourceShareArns: list(string()),
      error: structure({ code: string(), message: string() }),
    }),
  ),
  nextToken: string(),
});
