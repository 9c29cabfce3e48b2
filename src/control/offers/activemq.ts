// The offers for ActiveMQ brokers.

import type { InstanceType, ListenerOffer, Offer, ProtocolName, StorageType } from './offer.ts';

const engineVersions = ['5.19', '5.18'];
const m5Sizes = ['large', 'xlarge', '2xlarge', '4xlarge'];

function instanceTypes(ofM5: readonly StorageType[]): InstanceType[] {
  return [
    { name: 'mq.t3.micro', engineVersions, storageTypes: ['EFS'] },
    ...m5Sizes.map((size) => ({ name: `mq.m5.${size}`, engineVersions, storageTypes: ofM5 })),
  ];
}

function listener(
  name: string,
  scheme: string,
  standardPort: number,
  protocols: readonly ProtocolName[],
): ListenerOffer {
  return { name, scheme, standardPort, protocols, isWebSocket: false };
}

/** The properties that both deployment modes share. */
const common = {
  engineType: 'ACTIVEMQ',
  engineName: 'ActiveMQ',
  engineVersions,
  isVolumeShared: true,
  hasOwnConfiguration: true,
  hasAddress: true,
  listeners: [
    listener('openwire+ssl', 'ssl', 61617, ['openwire']),
    listener('amqp+ssl', 'amqp+ssl', 5671, ['amqp10']),
    listener('stomp+ssl', 'stomp+ssl', 61614, ['stomp']),
    listener('mqtt+ssl', 'mqtt+ssl', 8883, ['mqtt']),
    { ...listener('wss', 'wss', 61619, ['stomp', 'mqtt']), isWebSocket: true },
    { ...listener('console', 'https', 8162, []), isManagement: true },
  ],
  lostKeyAction: 'BROKER_INVALID_KMS_KEY',
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
