// The offers for ActiveMQ.

import type { InstanceType, Offer, StorageType } from './offer.ts';

const engineVersions = ['5.19', '5.18'];
const m5Sizes = ['large', 'xlarge', '2xlarge', '4xlarge'];

function instanceTypes(ofM5: readonly StorageType[]): InstanceType[] {
  return [
    { name: 'mq.t3.micro', engineVersions, storageTypes: ['EFS'] },
    ...m5Sizes.map((size) => ({ name: `mq.m5.${size}`, engineVersions, storageTypes: ofM5 })),
  ];
}

/** The properties that both deployment modes share. */
const common = {
  engineType: 'ACTIVEMQ',
  engineName: 'ActiveMQ',
  engineVersions,
  isVolumeShared: true,
  listeners: [
    { name: 'openwire+ssl', scheme: 'ssl', standardPort: 61617 },
    { name: 'amqp+ssl', scheme: 'amqp+ssl', standardPort: 5671 },
    { name: 'stomp+ssl', scheme: 'stomp+ssl', standardPort: 61614 },
    { name: 'mqtt+ssl', scheme: 'mqtt+ssl', standardPort: 8883 },
    { name: 'wss', scheme: 'wss', standardPort: 61619 },
  ],
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
} as const;

const rules = {
  users: {
    min: 1,
    max: 250,
    username: /^[0-9A-Za-z._~-]{2,100}$/,
    usernameCharacters: 'letters, digits, hyphens (-), periods (.), underscores (_) and tildes (~)',
    reservedUsernames: [],
    hasGroups: true,
  },
  authenticationStrategies: ['SIMPLE', 'LDAP'],
  dataReplicationModes: ['NONE', 'CRDR'],
  logs: ['general', 'audit'],
  hasLdap: true,
  hasStorageSize: false,
} as const;

/** ActiveMQ brokers: one instance, or an active and a standby instance on one volume. */
export const activeMqOffers: readonly Offer[] = [
  {
    ...common,
    deploymentMode: 'SINGLE_INSTANCE',
    instanceCount: 1,
    endpointCount: 1,
    instanceTypes: instanceTypes(['EFS', 'EBS']),
    storageTypes: ['EFS', 'EBS'],
    rules: { ...rules, subnetCountMax: 1 },
  },
  {
    ...common,
    deploymentMode: 'ACTIVE_STANDBY_MULTI_AZ',
    instanceCount: 2,
    endpointCount: 2,
    instanceTypes: instanceTypes(['EFS']),
    storageTypes: ['EFS'],
    rules: { ...rules, subnetCountMax: 2 },
  },
];
