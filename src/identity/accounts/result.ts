// The results of operations on accounts.

import type { IamChange } from './records.ts';

/** The output of an operation, and the changes that the caller must commit in the same turn. */
export interface IamResult<T> {
  readonly output: T;
  /** In order. They are applied completely or not at all. */
  readonly changes: readonly IamChange[];
}

/** The result of an operation without output. */
export function changed(...changes: readonly IamChange[]): IamResult<undefined> {
  return { output: undefined, changes };
}

/** Names the journal of a change. */
export function asChange(change: IamChange): {
  readonly journal: 'iam';
  readonly change: IamChange;
} {
  return { journal: 'iam', change };
}
