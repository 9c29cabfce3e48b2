import type { JobChange } from '../schedule/job.ts';
import type { Schedules } from '../schedule/schedules.ts';
import type { PreparedChange } from '../transactions/prepared-branch.ts';
import type { PreparedTransactions } from '../transactions/prepared-transactions.ts';

/** What held messages wait for. */
export type HeldPurpose = 'scheduled' | 'prepared';

/** Messages are held in a window that the log recreates, as it does those of queues. */
export interface HeldChange {
  readonly kind: 'held';
  readonly vhost: string;
  readonly purpose: HeldPurpose;
  /** Which of the indexes for this purpose. */
  readonly part: number;
  /** The window's number in records. */
  readonly number: number;
}

/** Every change that is about held messages. */
export type AnyHeldChange = HeldChange | JobChange | PreparedChange;

/** Whether a change is about held messages. */
export function isHeldChange(change: { readonly kind: string }): change is AnyHeldChange {
  return change.kind === 'held' || change.kind === 'job' || change.kind.startsWith('prepared');
}

/** Folds a change in that the log holds. */
export function applyHeld(
  change: AnyHeldChange,
  to: { readonly schedules: Schedules; readonly prepared: PreparedTransactions },
): void {
  if (change.kind === 'job') to.schedules.apply(change);
  else if (change.kind !== 'held') to.prepared.apply(change);
  else if (change.purpose === 'scheduled') to.schedules.apply(change);
  else to.prepared.apply(change);
}
