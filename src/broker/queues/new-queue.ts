// Creation of queues.

import type { QueueIndex } from '../../storage/queue-index.ts';
import { StreamIndex } from '../../storage/streams/stream-index.ts';
import type { Queue } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import type { QueueOptions } from '../queue-options.ts';
import { StreamQueue } from '../streams/stream-queue.ts';
import { MessageQueue } from './message-queue.ts';

/** The interface to the broker. */
interface NewQueueHost extends QueueHost {
  newQueueIndex(number: number | undefined, isDurable: boolean, isStream: boolean): QueueIndex;
}

/**
 * Creates a queue of the type that its arguments state.
 *
 * @param number the number of a recovered queue; undefined for a new one
 */
export function newQueue(
  host: NewQueueHost,
  vhost: string,
  name: string,
  options: QueueOptions,
  number: number | undefined,
): Queue {
  // An exclusive queue ends with its connection, so it never survives a restart.
  const isDurable = options.durable && !options.exclusive;
  const isStream = options.arguments['x-queue-type']?.value === 'stream';
  const queueIndex = host.newQueueIndex(number, isDurable, isStream);
  return queueIndex instanceof StreamIndex
    ? new StreamQueue(host, vhost, name, options, queueIndex)
    : new MessageQueue(host, vhost, name, options, queueIndex);
}
