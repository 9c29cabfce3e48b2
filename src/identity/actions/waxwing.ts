// The actions of Waxwing that AWS has no service for.

import { serviceActions } from './service-actions.ts';

/**
 * The search in a broker's messages, the keys of volumes, parts of the trail, advice, codes for the
 * web console, and the rotation of secrets.
 */
export const waxwingActions = serviceActions(
  'waxwing',
  { broker: 'arn:${Partition}:mq:${Region}:${Account}:broker:${BrokerName}:${BrokerId}' },
  [
    [
      'Read',
      ['broker'],
      ['aws:ResourceTag/${k}'],
      'DescribeTransport DescribeVolume DiscoverSensitiveData',
    ],
    [
      'Write',
      ['broker'],
      ['aws:ResourceTag/${k}'],
      'CreateBackup RebuildVolume RekeyVolume ReplaceNode RewrapVolume',
    ],
    ['Read', [], [], 'GetTrailHead ListServiceEvents'],
    ['List', [], [], 'ListAdvice ListHosts'],
    [
      'Write',
      [],
      [],
      'CreateConsoleCode CreateJoinToken RecordDrills RemoveHost RestoreBroker! RotateMetricsToken RotateDefaultBrokerPassword',
    ],
  ],
);
