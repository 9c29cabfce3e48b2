// The shapes of the discovery service.

import { integer, list, required, string, structure } from '../../aws/shapes/shape.ts';
import { discoveryLimits } from '../../control/discovery.ts';

/** The request of DiscoverSensitiveData. */
export const discoverRequest = structure({
  /** The id or the name of a broker. */
  broker: required(string({ max: 256 })),
  messagesPerQueue: integer({ min: 1, max: discoveryLimits.messageCountMax }),
  nextToken: string({ max: 15, pattern: /^\d{1,15}$/ }),
});

/** The response of DiscoverSensitiveData. */
export const discoverResponse = structure({
  brokerId: string(),
  brokerName: string(),
  queues: list(
    structure({
      vhost: string(),
      queue: string(),
      messageCount: integer(),
      sampledCount: integer(),
      nameKinds: list(string()),
      kinds: list(structure({ kind: string(), messageCount: integer() })),
    }),
  ),
  nextToken: string(),
});
