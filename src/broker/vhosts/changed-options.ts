// Changes of the arguments of existing queues, by the broker itself.

import type { Change } from '../definitions.ts';
import type { Queue } from '../queue.ts';
import type { QueueOptions } from '../queue-options.ts';
import { MessageQueue } from '../queues/message-queue.ts';
import type { Vhost } from '../vhost.ts';

/** Applies changed arguments to a queue. The type of the queue stays. */
export function applyQueueOptions(vhost: Vhost, queue: Queue, options: QueueOptions): void {
  if (!(queue instanceof MessageQueue)) return;
  queue.options = options;
  queue.applySettings(vhost.settings.ofQueue(queue));
}

/**
 * Changes the arguments of a durable queue. Clients cannot do this.
 *
 * @param host writes the change to the log
 */
export function changeQueueOptions(
  host: { define(change: Change): void },
  vhost: Vhost,
  queue: Queue,
  options: QueueOptions,
): void {
  const { name, index } = queue;
  host.define({ kind: 'queue', vhost: vhost.name, name, number: index.number, options });
  applyQueueOptions(vhost, queue, options);
}
