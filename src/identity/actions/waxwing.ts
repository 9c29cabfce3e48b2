// The actions of Waxwing that AWS has no service for.

import { serviceActions } from './service-actions.ts';

/** The search for sensitive data in messages, and parts of the audit trail. */
export const waxwingActions = serviceActions(
  'waxwing',
  { broker: 'arn:${Partition}:mq:${Region}:${Account}:broker:${BrokerName}:${BrokerId}' },
  [
    ['Read', ['broker'], ['aws:ResourceTag/${k}'], 'DiscoverSensitiveData'],
    ['Read', [], [], 'GetTrailHead ListServiceEvents'],
  ],
);
