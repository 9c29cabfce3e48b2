// The results of operations of the key service.

import type { KeyRecord, KmsChange } from './records.ts';

/** The output of an operation, and the changes that the caller must commit. */
export interface Result<T> {
  readonly output: T;
  /** In order. They are applied completely or not at all. */
  readonly changes: readonly KmsChange[];
  /** The affected keys, in their state before the changes. */
  readonly keys: readonly KeyRecord[];
}

/** An action that the key service performs on its own when it is due. */
export interface ServiceStep {
  /** `DeleteKey`, `RotateKey` */
  readonly eventName: string;
  /** The details in the audit event. */
  readonly details: object;
  /** The changes, which are committed together with the audit event. */
  readonly result: Result<KeyRecord>;
}

/** The result of an operation that changes nothing. */
export function unchanged<T>(output: T, ...keys: readonly KeyRecord[]): Result<T> {
  return { output, changes: [], keys };
}

/** The result of an operation that changes one key. */
export function updated<T>(output: T, key: KeyRecord, change: Partial<KeyRecord>): Result<T> {
  return { output, changes: [{ put: 'key', key: { ...key, ...change } }], keys: [key] };
}
