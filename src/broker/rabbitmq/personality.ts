// What differs between the engine versions that a broker is asked to behave as.

import type { Limits } from '../limits.ts';
import type { QueueOptions, QueueType } from '../queue-options.ts';

/** Features that newer versions refuse, with the names of RabbitMQ. */
export type DeprecatedFeature = 'transient_nonexcl_queues' | 'global_qos' | 'classic_queue_modes';

/** The behaviour of an engine version. */
export interface Personality {
  /** The type of queues for which neither the declaration nor the virtual host states one. */
  readonly defaultQueueType: QueueType | undefined;
  /** The limits that differ from the defaults. */
  readonly limits: Partial<Limits>;
  /** The features that are refused. */
  readonly refused: readonly DeprecatedFeature[];
  /** The queues whose deliveries must be settled in time. */
  readonly timeouts: 'all' | 'quorum';
  /** Whether a delivery that a consumer returns (`basic.nack` with requeue) counts as failed. */
  readonly countsReturned: boolean;
  /** Whether quorum queues can delay the next delivery of returned messages. */
  readonly delaysReturned: boolean;
}

/** RabbitMQ 3.13, and brokers of other types. */
const older: Personality = {
  defaultQueueType: undefined,
  limits: {},
  refused: [],
  timeouts: 'all',
  countsReturned: true,
  delaysReturned: false,
};

/** RabbitMQ 4.2 as Amazon MQ runs it. */
const version4: Personality = {
  ...older,
  defaultQueueType: 'quorum',
  limits: { deliveryLimit: 20 },
};

/** RabbitMQ 4.3 as Amazon MQ runs it. */
const version43: Personality = {
  ...version4,
  refused: ['transient_nonexcl_queues', 'global_qos', 'classic_queue_modes'],
  timeouts: 'quorum',
  countsReturned: false,
  delaysReturned: true,
};

/** @param engineVersion for example `4.2` */
export function personalityOf(engineVersion: string): Personality {
  if (/^4\.[0-2](\.|$)/.test(engineVersion)) return version4;
  return /^4\./.test(engineVersion) ? version43 : older;
}

/** The text for a refused feature. */
export function refusalOf(feature: DeprecatedFeature): string {
  return `Feature \`${feature}\` is deprecated. By default, this feature is not permitted anymore.`;
}

/** The refused feature that a new queue would need; undefined if there is none. */
export function refusedForQueue(
  { refused }: Personality,
  { durable, exclusive, arguments: args }: QueueOptions,
): DeprecatedFeature | undefined {
  const isTransient = !durable && !exclusive;
  if (isTransient && refused.includes('transient_nonexcl_queues'))
    return 'transient_nonexcl_queues';
  const hasMode = args['x-queue-mode'] !== undefined || args['x-queue-version']?.value === 1;
  return hasMode && refused.includes('classic_queue_modes') ? 'classic_queue_modes' : undefined;
}
