// Changes about held messages in the log.

import type { RetainedChange, RetainedMessages } from '../retained/retained-messages.ts';
import type { JobChange } from '../schedule/job.ts';
import type { Schedules } from '../schedule/schedules.ts';
import type { PreparedChange } from '../transactions/prepared-branch.ts';
import type { PreparedTransactions } from '../transactions/prepared-transactions.ts';

/** The reason why messages are held. */
export type HeldPurpose = 'scheduled' | 'prepared';

/** Held messages have a queue index that the log recreates, like those of queues. */
export interface HeldChange {
  readonly kind: 'held';
  readonly vhost: string;
  readonly purpose: HeldPurpose;
  /** The part of the index, for this purpose. */
  readonly part: number;
  /** The number of the index in records. */
  readonly number: number;
}

/** All changes about held messages. */
export type AnyHeldChange = HeldChange | JobChange | PreparedChange | RetainedChange;

/** Whether a change concerns held messages. */
export function isHeldChange(change: { readonly kind: string }): change is AnyHeldChange {
  const { kind } = change;
  if (kind === 'held' || kind === 'job') return true;
  return kind.startsWith('prepared') || kind.startsWith('retained');
}

/** Applies a change from the log. */
export function applyHeld(
  change: AnyHeldChange,
  to: {
    readonly schedules: Schedules;
    readonly prepared: PreparedTransactions;
    readonly retained: RetainedMessages;
  },
): void {
  if (change.kind === 'job') to.schedules.apply(change);
  else if (change.kind === 'retained' || change.kind === 'retained-cleared') {
    to.retained.apply(change);
  } else if (change.kind !== 'held') to.prepared.apply(change);
  else if (change.purpose === 'scheduled') to.schedules.apply(change);
  else to.prepared.apply(change);
}
