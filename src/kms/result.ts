import type { KeyRecord, KmsChange } from './records.ts';

/** What an operation comes to: its answer, and the changes that the caller commits to make it true. */
export interface Result<T> {
  readonly output: T;
  /** In order; together or not at all. */
  readonly changes: readonly KmsChange[];
  /** The keys it was about, as they were before. */
  readonly keys: readonly KeyRecord[];
}

/** Something the key service does on its own account, when its time has come. */
export interface ServiceStep {
  /** `DeleteKey`, `RotateKey` */
  readonly eventName: string;
  /** What the event says of it. */
  readonly details: object;
  /** To be committed together with the event's record. */
  readonly result: Result<KeyRecord>;
}

/** An operation that changes nothing. */
export function unchanged<T>(output: T, ...keys: readonly KeyRecord[]): Result<T> {
  return { output, changes: [], keys };
}

/** An operation that changes one key. */
export function updated<T>(output: T, key: KeyRecord, change: Partial<KeyRecord>): Result<T> {
  return { output, changes: [{ put: 'key', key: { ...key, ...change } }], keys: [key] };
}
