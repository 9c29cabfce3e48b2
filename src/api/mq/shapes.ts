import {
  boolean,
  document,
  enumeration,
  integer,
  list,
  map,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../aws/shape.ts';

/*
 * Amazon MQ's shapes, API version 2017-11-27. What goes in is accepted in any case; what comes out
 * is written as Amazon MQ writes it: `RabbitMQ`, `ebs`, `simple`, but `SINGLE_INSTANCE`.
 */

const anyCase = { anyCase: true };
const days = [
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
  'SUNDAY',
] as const;

const deploymentMode = enumeration(
  ['SINGLE_INSTANCE', 'ACTIVE_STANDBY_MULTI_AZ', 'CLUSTER_MULTI_AZ'],
  anyCase,
);
const strategy = enumeration(['SIMPLE', 'LDAP', 'CONFIG_MANAGED'], anyCase);
const replicationMode = enumeration(['NONE', 'CRDR'], anyCase);
const tags = map(string(), string());
const strings = list(string());

const windowShape = structure({
  dayOfWeek: required(enumeration(days, anyCase)),
  timeOfDay: required(string()),
  timeZone: string(),
});
const logs = structure({ general: boolean(), audit: boolean() });
const ldap = sensitive(document(), '***');
const configuration = structure({ id: required(string()), revision: integer() });

/** The members by which a broker is named in a path. */
export const brokerPath = structure({ brokerId: required(string()) });

/** A broker's id, alone. */
export const brokerIdOnly = structure({ brokerId: string() });

/** Nothing. */
export const nothing = structure({});

/** CreateBroker, request. */
export const createBrokerRequest = structure({
  brokerName: required(string()),
  deploymentMode: required(deploymentMode),
  engineType: required(string()),
  hostInstanceType: required(string()),
  publiclyAccessible: boolean(),
  users: list(
    structure({
      username: required(string()),
      password: required(sensitive(string(), '***')),
      consoleAccess: boolean(),
      groups: strings,
      replicationUser: boolean(),
    }),
  ),
  engineVersion: string(),
  autoMinorVersionUpgrade: boolean(),
  authenticationStrategy: strategy,
  configuration,
  creatorRequestId: string(),
  encryptionOptions: structure({
    useAwsOwnedKey: required(boolean()),
    kmsKeyId: string({ min: 1, max: 2048 }),
  }),
  ldapServerMetadata: ldap,
  logs,
  maintenanceWindowStartTime: windowShape,
  securityGroups: strings,
  storageType: enumeration(['EBS', 'EFS'], anyCase),
  storageSize: integer(),
  subnetIds: strings,
  tags,
  dataReplicationMode: replicationMode,
  dataReplicationPrimaryBrokerArn: string(),
});

/** CreateBroker, response. */
export const createBrokerResponse = structure({ brokerArn: string(), brokerId: string() });

const logsSummary = structure({
  general: boolean(),
  generalLogGroup: string(),
  pending: structure({ general: boolean() }),
});

/** DescribeBroker, response. */
export const describeBrokerResponse = structure({
  actionsRequired: list(structure({ actionRequiredCode: string(), actionRequiredInfo: string() })),
  authenticationStrategy: string(),
  autoMinorVersionUpgrade: boolean(),
  brokerArn: string(),
  brokerId: string(),
  brokerInstances: list(structure({ consoleURL: string(), endpoints: strings })),
  brokerName: string(),
  brokerState: string(),
  created: timestamp(),
  dataReplicationMode: string(),
  deploymentMode: string(),
  encryptionOptions: structure({ useAwsOwnedKey: boolean(), kmsKeyId: string() }),
  engineType: string(),
  engineVersion: string(),
  hostInstanceType: string(),
  logs: logsSummary,
  maintenanceWindowStartTime: windowShape,
  pendingEngineVersion: string(),
  pendingHostInstanceType: string(),
  publiclyAccessible: boolean(),
  securityGroups: strings,
  storageType: string(),
  subnetIds: strings,
  tags,
  users: list(structure({ username: string() })),
});

/** A page that is asked for. */
export const pageRequest = structure({ maxResults: integer(), nextToken: string() });

/** ListBrokers, response. */
export const listBrokersResponse = structure({
  brokerSummaries: list(
    structure({
      brokerArn: string(),
      brokerId: string(),
      brokerName: string(),
      brokerState: string(),
      created: timestamp(),
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
  configuration,
  dataReplicationMode: replicationMode,
  engineVersion: string(),
  hostInstanceType: string(),
  ldapServerMetadata: ldap,
  logs,
  maintenanceWindowStartTime: windowShape,
  resourceShareArns: strings,
  securityGroups: strings,
  storageSize: integer(),
};

/** UpdateBroker, request. */
export const updateBrokerRequest = structure({ brokerId: required(string()), ...updateMembers });

/** UpdateBroker, response: what was asked for. */
export const updateBrokerResponse = structure({ brokerId: string(), ...updateMembers });

/** CreateTags, request. */
export const createTagsRequest = structure({ resourceArn: required(string()), tags });

/** ListTags, request. */
export const listTagsRequest = structure({ resourceArn: required(string()) });

/** ListTags, response. */
export const listTagsResponse = structure({ tags });

/** DeleteTags, request. */
export const deleteTagsRequest = structure({
  resourceArn: required(string()),
  tagKeys: required(strings),
});

/** DescribeBrokerEngineTypes, request. */
export const engineTypesRequest = structure({
  engineType: string(),
  maxResults: integer(),
  nextToken: string(),
});

/** DescribeBrokerEngineTypes, response. */
export const engineTypesResponse = structure({
  brokerEngineTypes: list(
    structure({ engineType: string(), engineVersions: list(structure({ name: string() })) }),
  ),
  maxResults: integer(),
  nextToken: string(),
});

/** DescribeBrokerInstanceOptions, request. */
export const instanceOptionsRequest = structure({
  engineType: string(),
  hostInstanceType: string(),
  storageType: string(),
  maxResults: integer(),
  nextToken: string(),
});

/** DescribeBrokerInstanceOptions, response. */
export const instanceOptionsResponse = structure({
  brokerInstanceOptions: list(
    structure({
      availabilityZones: list(structure({ name: string() })),
      engineType: string(),
      hostInstanceType: string(),
      storageType: string(),
      supportedDeploymentModes: strings,
      supportedEngineVersions: strings,
    }),
  ),
  maxResults: integer(),
  nextToken: string(),
});

/** CreateUser and UpdateUser, request. */
export const userRequest = structure({
  brokerId: required(string()),
  username: required(string()),
  password: sensitive(string(), '***'),
  consoleAccess: boolean(),
  groups: strings,
  replicationUser: boolean(),
});

/** DescribeUser and DeleteUser, request. */
export const userPath = structure({ brokerId: required(string()), username: required(string()) });

/** ListUsers and DescribeSharedResources, request. */
export const brokerPageRequest = structure({
  brokerId: required(string()),
  maxResults: integer(),
  nextToken: string(),
});

/** Promote, request. */
export const promoteRequest = structure({
  brokerId: required(string()),
  mode: required(enumeration(['SWITCHOVER', 'FAILOVER'], anyCase)),
});

/** DescribeSharedResources, response. */
export const sharedResourcesResponse = structure({
  sharedResources: list(structure({ resourceArn: string() })),
  nextToken: string(),
});

/** DescribeConfiguration and DeleteConfiguration, request. */
export const configurationPath = structure({ configurationId: required(string()) });

/** ListConfigurationRevisions, request. */
export const configurationPageRequest = structure({
  configurationId: required(string()),
  maxResults: integer(),
  nextToken: string(),
});

/** DescribeConfigurationRevision, request. */
export const revisionPath = structure({
  configurationId: required(string()),
  configurationRevision: required(string()),
});

/** CreateConfiguration, request. */
export const createConfigurationRequest = structure({
  engineType: required(string()),
  name: required(string()),
  authenticationStrategy: strategy,
  engineVersion: string(),
  tags,
});

/** UpdateConfiguration, request. */
export const updateConfigurationRequest = structure({
  configurationId: required(string()),
  data: required(sensitive(string(), '***')),
  description: string(),
});

/** ListConfigurations, response. */
export const listConfigurationsResponse = structure({
  configurations: list(structure({ id: string() })),
  maxResults: integer(),
  nextToken: string(),
});
