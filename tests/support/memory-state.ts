import type { Journal } from '../../src/storage/journal.ts';
import { StateStore } from '../../src/storage/state-store.ts';
import { MemoryLog } from './memory-log.ts';

/** A log that syncs by itself, right after whoever asked for it has had its turn. */
class SyncingLog extends MemoryLog {
  override sync(): void {
    queueMicrotask(() => this.syncNow());
  }
}

/** The state store as the service has it, over a log in memory. */
export function memoryState(
  journals: readonly Journal[],
  timelines: readonly string[] = [],
): StateStore {
  const store = new StateStore(journals, timelines);
  const log = new SyncingLog();
  log.onDurable = (group) => store.onDurable(group);
  store.attach(log);
  return store;
}
