// What differs between the engine versions that a broker is asked to behave as.

import type { Limits } from '../limits.ts';
import type { QueueOptions, QueueType } from '../queue-options.ts';

/** Deprecated features that newer versions refuse, with the names of RabbitMQ. */
export type DeprecatedFeature = 'transient_nonexcl_queues' | 'queue_master_locator';

/** The behaviour of an engine version. */
export interface Personality {
  /** The type of queues for which neither the declaration nor the virtual host states one. */
  readonly defaultQueueType: QueueType | undefined;
  /** The limits that differ from the defaults. */
  readonly limits: Partial<Limits>;
  /** The features that are refused. */
  readonly refused: readonly DeprecatedFeature[];
  /** Whether `basic.qos` with `global` limits the channel; otherwise it limits new consumers, as without. */
  readonly limitsChannels: boolean;
  /** The valid values of `x-queue-mode`, which has no effect; undefined if it is not checked. */
  readonly queueModes: readonly string[] | undefined;
  /** The valid values of `x-queue-version`, which has no effect. */
  readonly queueVersions: readonly number[];
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
  limitsChannels: true,
  queueModes: ['default', 'lazy'],
  queueVersions: [1, 2],
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
  refused: ['transient_nonexcl_queues', 'queue_master_locator'],
  limitsChannels: false,
  queueModes: undefined,
  queueVersions: [2],
  timeouts: 'quorum',
  countsReturned: false,
  delaysReturned: true,
};

/** @param engineVersion for example `4.2` */
export function personalityOf(engineVersion: string): Personality {
  if (/^4\.[0-2](\.|$)/.test(engineVersion)) return version4;
  return /^4\./.test(engineVersion) ? version43 : older;
}

/** The text for a refused feature, with blanks for RabbitMQ's ends of lines; replies have room for its beginning. */
export function refusalOf(feature: DeprecatedFeature): string {
  return [
    `Feature \`${feature}\` is deprecated.`,
    'By default, this feature is not permitted anymore.',
    'The feature will be removed from a future major RabbitMQ version, regardless of the configuration; actual version to be determined.',
    'To continue using this feature when it is not permitted by default, set the following parameter in your configuration:',
    `"deprecated_features.permit.${feature} = true"`,
  ].join(' ');
}

/** The refused feature that a new queue would need; undefined if there is none. */
export function refusedForQueue(
  { refused }: Personality,
  { durable, exclusive, arguments: args }: QueueOptions,
): DeprecatedFeature | undefined {
  const needed = (feature: DeprecatedFeature) => (refused.includes(feature) ? feature : undefined);
  if (!durable && !exclusive) return needed('transient_nonexcl_queues');
  const type = args['x-queue-type']?.value ?? (exclusive ? 'classic' : undefined);
  const hasLocator = args['x-queue-master-locator'] !== undefined;
  return type === 'classic' && hasLocator ? needed('queue_master_locator') : undefined;
}
