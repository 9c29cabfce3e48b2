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
} from '../../aws/shapes/shape.ts';

/*
 * The shapes of Amazon MQ, API version 2017-11-27. Enumerations are accepted in any case and
 * returned in the spelling of Amazon MQ: `RabbitMQ`, `ebs`, `simple`, but `SINGLE_INSTANCE`.
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

/*
 * Amazon MQ's model declares no limits. The control plane enforces the documented limits with its
 * own messages. The limits here bound what reaches the control plane and the audit trail.
 */

/** An id, name, type, version or time. */
const text = string({ max: 256 });
/** A creator request id; clients send a UUID. */
const creatorRequestId = string({ min: 1, max: 128 });
const arn = string({ max: 2048 });
const nextToken = string({ max: 1024 });
const password = sensitive(string({ max: 1024 }), '***');
/** The groups of a user. Amazon MQ allows 20. */
const groups = list(text, { max: 20 });
/** Maximum number of users of a broker. */
const usersMax = 250;
/** Maximum number of tags in a request. The control plane enforces the limit of 50 per broker. */
const tagsInRequestMax = 200;
/** More than a tag may have, so that the control plane can report the limit. */
const tagText = string({ max: 512 });
const tags = map(tagText, tagText, { max: tagsInRequestMax });
/** Security groups, subnets or shared resources in a request. */
const names = list(text, { max: 125 });

const deploymentMode = enumeration(
  ['SINGLE_INSTANCE', 'ACTIVE_STANDBY_MULTI_AZ', 'CLUSTER_MULTI_AZ'],
  anyCase,
);
const strategy = enumeration(['SIMPLE', 'LDAP', 'CONFIG_MANAGED'], anyCase);
const replicationMode = enumeration(['NONE', 'CRDR'], anyCase);

const windowShape = structure({
  dayOfWeek: required(enumeration(days, anyCase)),
  timeOfDay: required(text),
  timeZone: text,
});
const logs = structure({ general: boolean(), audit: boolean() });
const ldap = sensitive(document(), '***');
const configuration = structure({ id: required(text), revision: integer() });

/** The path member that names a broker. */
export const brokerPath = structure({ brokerId: required(text) });

/** The id of a broker. */
export const brokerIdOnly = structure({ brokerId: string() });

/** An empty shape. */
export const nothing = structure({});

/** CreateBroker, request. */
export const createBrokerRequest = structure({
  brokerName: required(text),
  deploymentMode: required(deploymentMode),
  engineType: required(text),
  hostInstanceType: required(text),
  publiclyAccessible: boolean(),
  users: list(
    structure({
      username: required(text),
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
  configuration,
  creatorRequestId,
  encryptionOptions: structure({
    useAwsOwnedKey: required(boolean()),
    kmsKeyId: string({ min: 1, max: 2048 }),
  }),
  ldapServerMetadata: ldap,
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

/** CreateBroker, response. */
export const createBrokerResponse = structure({ brokerArn: string(), brokerId: string() });

const logsSummary = structure({
  general: boolean(),
  generalLogGroup: string(),
  audit: boolean(),
  auditLogGroup: string(),
  pending: structure({ general: boolean(), audit: boolean() }),
});

/** DescribeBroker, response. */
export const describeBrokerResponse = structure({
  actionsRequired: list(structure({ actionRequiredCode: string(), actionRequiredInfo: string() })),
  authenticationStrategy: string(),
  autoMinorVersionUpgrade: boolean(),
  brokerArn: string(),
  brokerId: string(),
  brokerInstances: list(structure({ consoleURL: string(), endpoints: list(string()) })),
  brokerName: string(),
  brokerState: string(),
  created: timestamp('date-time'),
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
  securityGroups: list(string()),
  storageType: string(),
  subnetIds: list(string()),
  tags,
  users: list(structure({ username: string() })),
});

/** The page that a request asks for. */
export const pageRequest = structure({ maxResults: integer(), nextToken });

/** ListBrokers, response. */
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
  configuration,
  dataReplicationMode: replicationMode,
  engineVersion: text,
  hostInstanceType: text,
  ldapServerMetadata: ldap,
  logs,
  maintenanceWindowStartTime: windowShape,
  resourceShareArns: list(arn, { max: 20 }),
  securityGroups: names,
  storageSize: integer(),
};

/** UpdateBroker, request. */
export const updateBrokerRequest = structure({ brokerId: required(text), ...updateMembers });

/** UpdateBroker, response: the requested settings. */
export const updateBrokerResponse = structure({ brokerId: string(), ...updateMembers });

/** CreateTags, request. */
export const createTagsRequest = structure({ resourceArn: required(arn), tags });

/** ListTags, request. */
export const listTagsRequest = structure({ resourceArn: required(arn) });

/** ListTags, response. */
export const listTagsResponse = structure({ tags });

/** DeleteTags, request. */
export const deleteTagsRequest = structure({
  resourceArn: required(arn),
  tagKeys: required(list(tagText, { max: tagsInRequestMax })),
});

/** DescribeBrokerEngineTypes, request. */
export const engineTypesRequest = structure({
  engineType: text,
  maxResults: integer(),
  nextToken,
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
  engineType: text,
  hostInstanceType: text,
  storageType: text,
  maxResults: integer(),
  nextToken,
});

/** DescribeBrokerInstanceOptions, response. */
export const instanceOptionsResponse = structure({
  brokerInstanceOptions: list(
    structure({
      availabilityZones: list(structure({ name: string() })),
      engineType: string(),
      hostInstanceType: string(),
      storageType: string(),
      supportedDeploymentModes: list(string()),
      supportedEngineVersions: list(string()),
    }),
  ),
  maxResults: integer(),
  nextToken: string(),
});

/** CreateUser and UpdateUser, request. */
export const userRequest = structure({
  brokerId: required(text),
  username: required(text),
  password,
  consoleAccess: boolean(),
  groups,
  replicationUser: boolean(),
});

/** DescribeUser and DeleteUser, request. */
export const userPath = structure({ brokerId: required(text), username: required(text) });

/** ListUsers and DescribeSharedResources, request. */
export const brokerPageRequest = structure({
  brokerId: required(text),
  maxResults: integer(),
  nextToken,
});

/** Promote, request. */
export const promoteRequest = structure({
  brokerId: required(text),
  mode: required(enumeration(['SWITCHOVER', 'FAILOVER'], anyCase)),
});

/** DescribeSharedResources, response. */
export const sharedResourcesResponse = structure({
  sharedResources: list(structure({ resourceArn: string() })),
  nextToken: string(),
});

/** DescribeConfiguration and DeleteConfiguration, request. */
export const configurationPath = structure({ configurationId: required(text) });

/** ListConfigurationRevisions, request. */
export const configurationPageRequest = structure({
  configurationId: required(text),
  maxResults: integer(),
  nextToken,
});

/** DescribeConfigurationRevision, request. */
export const revisionPath = structure({
  configurationId: required(text),
  configurationRevision: required(text),
});

/** CreateConfiguration, request. */
export const createConfigurationRequest = structure({
  engineType: required(text),
  name: required(text),
  authenticationStrategy: strategy,
  engineVersion: text,
  tags,
});

/** Maximum number of characters in a configuration, which is base64. */
const configurationTextMax = 512 * 1024;

/** UpdateConfiguration, request. */
export const updateConfigurationRequest = structure({
  configurationId: required(text),
  data: required(sensitive(string({ max: configurationTextMax }), '***')),
  description: string({ max: 1024 }),
});

/** ListConfigurations, response. */
export const listConfigurationsResponse = structure({
  configurations: list(structure({ id: string() })),
  maxResults: integer(),
  nextToken: string(),
});
