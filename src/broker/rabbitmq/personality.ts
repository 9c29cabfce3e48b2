// What differs between the engine versions that a broker is asked to behave as.

import type { Limits } from '../limits.ts';
import type { QueueType } from '../queue-options.ts';

/** The behaviour of an engine version. */
export interface Personality {
  /** The type of queues for which neither the declaration nor the virtual host states one. */
  readonly defaultQueueType: QueueType | undefined;
  /** The limits that differ from the defaults. */
  readonly limits: Partial<Limits>;
}

/** RabbitMQ 3.13, and brokers of other types. */
const older: Personality = { defaultQueueType: undefined, limits: {} };

/** RabbitMQ 4.2 as Amazon MQ runs it. */
const version4: Personality = { defaultQueueType: 'quorum', limits: { deliveryLimit: 20 } };

/** @param engineVersion for example `4.2` */
export function personalityOf(engineVersion: string): Personality {
  return /^4\./.test(engineVersion) ? version4 : older;
}
