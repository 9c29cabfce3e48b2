// The actions of Waxwing that AWS has no service for.

import { serviceActions } from './service-actions.ts';

/** The search in a broker's messages, advice, and the rotation of secrets. AWS has no such operations. */
export const waxwingActions = serviceActions(
  'waxwing',
  { broker: 'arn:${Partition}:mq:${Region}:${Account}:broker:${BrokerName}:${BrokerId}' },
  [
    ['Read', ['broker'], ['aws:ResourceTag/${k}'], 'DiscoverSensitiveData'],
    ['List', [], [], 'ListAdvice'],
    ['Write', [], [], 'RotateMetricsToken RotateDefaultBrokerPassword'],
  ],
);
