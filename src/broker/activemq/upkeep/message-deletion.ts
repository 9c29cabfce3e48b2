// The deletion of all messages at a start.

import type { Broker } from '../../broker.ts';
import type { Vhost } from '../../vhost.ts';
import type { ActiveMqEvents } from '../events.ts';

/** Number of scheduled messages that are removed in one step. */
const removedPerStep = 16;

/** The parts of the destinations that are needed here. */
interface DeletionHost {
  readonly broker: Broker;
  readonly vhost: Vhost;
}

/**
 * Deletes the messages of all queues and durable subscriptions, and the scheduled and retained ones,
 * unless they were deleted before for the same reason. Messages of prepared transactions stay. If the
 * broker ends before everything is deleted, the next start begins again.
 *
 * @param reason the revision of the configuration that asks for it; undefined if none does
 */
export function deleteMessagesOnce(
  host: DeletionHost,
  reason: string | undefined,
  events: ActiveMqEvents,
): void {
  const { broker, vhost } = host;
  if (reason === undefined || vhost.messagesDeletedFor === reason) return;
  let messageCount = 0;
  let purgeCount = 1;
  const purged = (count: number) => {
    messageCount += count;
    purgeCount--;
    if (purgeCount > 0) return;
    const change = { kind: 'messages-deleted', vhost: vhost.name, reason } as const;
    broker.define(change);
    broker.apply(change);
    events.warned(
      `deleted all messages because of deleteAllMessagesOnStartup in ${reason}: ${messageCount}`,
    );
  };
  for (const queue of vhost.queues.values()) {
    purgeCount++;
    queue.purge(purged);
  }
  broker.background.run(deleteHeld(host), () => purged(0));
}

function* deleteHeld({ broker, vhost }: DeletionHost): Generator<void> {
  const schedule = broker.schedules.of(vhost.name);
  for (;;) {
    const page = schedule.page({ fromMs: 0, toMs: Infinity, countMax: removedPerStep });
    for (const { id } of page.entries) schedule.remove(id);
    yield;
    if (page.entries.length === 0) break;
  }
  for (const topic of broker.retained.topicsOf(vhost.name)) {
    broker.retained.clear(vhost.name, topic);
    yield;
  }
}
