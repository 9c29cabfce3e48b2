// The actions of Waxwing that AWS has no service for.

import { serviceActions } from './service-actions.ts';

/** Sampling a broker's messages for sensitive data. Amazon MQ has no such operation. */
export const waxwingActions = serviceActions(
  'waxwing',
  { broker: 'arn:${Partition}:mq:${Region}:${Account}:broker:${BrokerName}:${BrokerId}' },
  [['Read', ['broker'], ['aws:ResourceTag/${k}'], 'DiscoverSensitiveData']],
);
