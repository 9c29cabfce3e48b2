// Changes of the arguments of existing queues, by the broker itself.

import type { Change } from '../definitions.ts';
import type { Queue } from '../queue.ts';
import type { QueueOptions } from '../queue-options.ts';
import { MessageQueue } from '../queues/message-queue.ts';
import type { Vhost } from '../vhost.ts';

/**
 * Applies changed arguments to a queue. The type of the queue stays.
 *
 * @throws {BrokerError} `precondition-failed` if an argument is invalid; nothing is changed then
 */
export function applyQueueOptions(vhost: Vhost, queue: Queue, options: QueueOptions): void {
  if (!(queue instanceof MessageQueue)) return;
  const before = queue.options;
  queue.options = options;
  try {
    queue.applySettings(vhost.settings.ofQueue(queue));
  } catch (error) {
    queue.options = before;
    throw error;
  }
}

/**
 * Changes the arguments of a durable queue. Clients cannot do this.
 *
 * @param host writes the change to the log
 * @throws {BrokerError} `precondition-failed` if an argument is invalid; nothing is written then, because
 *   the next start would fail
 */
export function changeQueueOptions(
  host: { define(change: Change): void },
  vhost: Vhost,
  queue: Queue,
  options: QueueOptions,
): void {
  const { name, index } = queue;
  applyQueueOptions(vhost, queue, options);
  host.define({ kind: 'queue', vhost: vhost.name, name, number: index.number, options });
}
