// A state store in memory.

import type { Journal } from '../../src/storage/journal.ts';
import { StateStore } from '../../src/storage/state-store.ts';
import { MemoryLog } from './memory-log.ts';

/** A log that syncs by itself, right after whoever asked for it has had its turn. */
export class SyncingLog extends MemoryLog {
  override sync(): void {
    queueMicrotask(() => this.syncNow());
  }
}

/** The state store as the service has it, over a log in memory. */
export function memoryState(
  journals: readonly Journal[],
  timelines: readonly string[] = [],
  log = new SyncingLog(),
): StateStore {
  const store = new StateStore(journals, timelines);
  log.onDurable = (group) => store.onDurable(group);
  store.attach(log);
  return store;
}

/** The state store as the next start finds it, and the log that it goes on with. */
export function reopenedState(
  log: SyncingLog,
  journals: readonly Journal[],
  timelines: readonly string[] = [],
): { readonly state: StateStore; readonly log: SyncingLog } {
  const state = new StateStore(journals, timelines);
  const next = log.reopen(state);
  next.onDurable = (group) => state.onDurable(group);
  state.recovered();
  return { state, log: next };
}
