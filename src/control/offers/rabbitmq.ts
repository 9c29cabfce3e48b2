// The offers for RabbitMQ.

import type { InstanceType, ListenerOffer, Offer, ProtocolName } from './offer.ts';

const engineVersions = ['4.3', '4.2', '3.13'];
const version3 = ['3.13'];
const m5Sizes = ['large', 'xlarge', '2xlarge', '4xlarge'];
const m7gSizes = [...'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge'.split(' ')];

const micro = instanceType('mq.t3.micro', version3);
const others = [
  ...m5Sizes.map((size) => instanceType(`mq.m5.${size}`, version3)),
  ...m7gSizes.map((size) => instanceType(`mq.m7g.${size}`, engineVersions)),
];

/** Least and greatest size of a node's volume in a cluster, in GB. */
const sizesOfClusters: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['medium', [5, 25]],
  ['large', [15, 75]],
  ['xlarge', [25, 125]],
  ['2xlarge', [45, 180]],
  ['4xlarge', [90, 250]],
  ['8xlarge', [175, 400]],
  ['12xlarge', [260, 500]],
  ['16xlarge', [345, 500]],
]);

function withSizes(type: InstanceType): InstanceType {
  const [minGb, maxGb] = sizesOfClusters.get(type.name.replace('mq.m7g.', '')) ?? [];
  if (minGb === undefined || maxGb === undefined) return type;
  return { ...type, storageSizes: { minGb, maxGb, sinceVersion: '4.2' } };
}

function instanceType(name: string, versions: readonly string[]): InstanceType {
  return { name, engineVersions: versions, storageTypes: ['EBS'] };
}

/** A listener that only configurations open. Amazon MQ has none of them. */
function optional(
  name: string,
  scheme: string,
  standardPort: number,
  protocol: ProtocolName,
): ListenerOffer {
  const isWebSocket = scheme === 'wss';
  return { name, scheme, standardPort, protocols: [protocol], isWebSocket, isOptional: true };
}

/** The properties that both deployment modes share. */
const common = {
  engineType: 'RABBITMQ',
  engineName: 'RabbitMQ',
  engineVersions,
  recommendedVersion: '4.2',
  isVolumeShared: false,
  hasOwnConfiguration: false,
  hasAddress: false,
  storageTypes: ['EBS'],
  endpointCount: 1,
  listeners: [
    {
      name: 'amqps',
      scheme: 'amqps',
      standardPort: 5671,
      protocols: ['amqp091', 'amqp10'],
      isWebSocket: false,
    },
    {
      name: 'management',
      scheme: 'https',
      standardPort: 15671,
      protocols: [],
      isWebSocket: false,
      isManagement: true,
    },
    // Those of ActiveMQ have other names, because the engine finds the protocols of a listener by its name.
    optional('mqtt/ssl', 'mqtt+ssl', 8883, 'mqtt'),
    optional('stomp/ssl', 'stomp+ssl', 61614, 'stomp'),
    optional('https/web-mqtt', 'wss', 15676, 'mqtt'),
    optional('https/web-stomp', 'wss', 15673, 'stomp'),
  ],
  lostKeyAction: 'RABBITMQ_INVALID_KMS_KEY',
} as const;

const rules = {
  users: {
    min: 1,
    max: 1,
    username: /^[0-9A-Za-z._-]{2,100}$/,
    usernameCharacters: 'letters, digits, hyphens (-), periods (.) and underscores (_)',
    reservedUsernames: ['guest'],
    hasGroups: false,
  },
  authenticationStrategies: ['SIMPLE', 'CONFIG_MANAGED'],
  dataReplicationModes: ['NONE'],
  logs: ['general'],
  hasLdap: false,
} as const;

/** RabbitMQ brokers: one instance, or a cluster of three. */
export const rabbitMqOffers: readonly Offer[] = [
  {
    ...common,
    deploymentMode: 'SINGLE_INSTANCE',
    instanceCount: 1,
    instanceTypes: [micro, ...others],
    grants: [
      {
        name: 'mq_grant',
        operations: [
          'CreateGrant',
          'Decrypt',
          'GenerateDataKeyWithoutPlaintext',
          'ReEncryptFrom',
          'ReEncryptTo',
          'DescribeKey',
        ],
      },
    ],
    rules: { ...rules, subnetCountMax: 1 },
  },
  {
    ...common,
    deploymentMode: 'CLUSTER_MULTI_AZ',
    instanceCount: 3,
    instanceTypes: others.map((type) => withSizes(type)),
    grants: [
      {
        name: 'mq_grant',
        operations: [
          'CreateGrant',
          'Encrypt',
          'Decrypt',
          'ReEncryptFrom',
          'ReEncryptTo',
          'GenerateDataKey',
          'GenerateDataKeyWithoutPlaintext',
          'DescribeKey',
        ],
      },
      { name: 'mq_rabbit_grant', operations: ['DescribeKey'] },
    ],
    rules: { ...rules, subnetCountMax: 3 },
  },
];
