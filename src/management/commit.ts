// Waiting for the log after a change.

import type { Broker } from '../broker/broker.ts';

/** Resolves once all changes made so far are on disk. */
export async function committed(broker: Broker): Promise<void> {
  broker.pump();
  broker.store.log.sync();
  await broker.defined();
}

/** Resolves once a group of the log is on disk. */
export async function synced(broker: Broker, group: number): Promise<void> {
  broker.pump();
  broker.store.log.sync();
  await broker.logWaiters.until(group, broker.durableGroup);
}
