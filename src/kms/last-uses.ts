// The last successful cryptographic use of each key.

import type { CompletedCall } from '../calls/completed-call.ts';
import type { Authoriser } from './access/authoriser.ts';
import type { KmsCall } from './call.ts';
import type { KeyFinder } from './key-finder.ts';
import type { KmsJournal } from './kms-journal.ts';
import type { KeyRecord, KeyUseRecord, KmsChange } from './records.ts';
import { type Result, unchanged } from './result.ts';

/** Uses of a key within this time after a recorded one are kept in memory only, milliseconds. */
const quietMs = 60_000;

/** Maximum number of keys whose last use is only in memory. */
const newerCountMax = 10_000;

const eventSource = 'kms.amazonaws.com';

/** The operations that count as a use. */
const operations: ReadonlySet<string> = new Set([
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
]);

/** When a key was used last, and since when uses are recorded. */
export interface KeyUsage {
  readonly key: KeyRecord;
  /** Undefined if it was not used since then. */
  readonly last: KeyUseRecord | undefined;
  /** Milliseconds since 1970. */
  readonly trackedSinceMs: number;
}

interface Parts {
  readonly journal: KmsJournal;
  readonly finder: KeyFinder;
  readonly authoriser: Authoriser;
}

type UsedBy = Pick<
  CompletedCall,
  'eventSource' | 'eventName' | 'eventId' | 'requestId' | 'atMs' | 'error' | 'resources'
>;

/**
 * Notes uses of keys. A use is written together with the audit record of its call, at most once a
 * minute for a key, because a use is frequent and its record is small but not free. The uses between
 * are known until the service ends.
 */
export class LastUses {
  readonly #parts: Parts;
  /** Uses that are newer than the recorded ones, by key id. */
  readonly #newer = new Map<string, KeyUseRecord>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Notes a completed call, and returns the changes to commit with its audit record. */
  note(call: UsedBy): readonly KmsChange[] {
    if (call.eventSource !== eventSource) return [];
    const { journal } = this.#parts;
    const { atMs } = call;
    const changes: KmsChange[] = [];
    if (journal.usesTrackedSinceMs === undefined) {
      changes.push({ put: 'use-tracking', sinceMs: atMs });
    }
    if (call.error !== undefined || !operations.has(call.eventName)) return changes;
    const { eventName: operation, eventId, requestId } = call;
    const use: KeyUseRecord = { operation, atMs, eventId, requestId };
    for (const { arn } of call.resources) {
      const keyId = arn.slice(arn.lastIndexOf('/') + 1);
      if (journal.key(keyId) === undefined) continue;
      const recorded = journal.lastUse(keyId);
      if (recorded !== undefined && Math.abs(atMs - recorded.atMs) < quietMs) {
        this.#newer.set(keyId, use);
        if (this.#newer.size > newerCountMax) this.#forgetDeleted();
      } else {
        this.#newer.delete(keyId);
        changes.push({ put: 'key-use', keyId, use });
      }
    }
    return changes;
  }

  #forgetDeleted(): void {
    for (const keyId of this.#newer.keys()) {
      if (this.#parts.journal.key(keyId) === undefined) this.#newer.delete(keyId);
    }
    // Of more keys than this, the recorded uses must do.
    if (this.#newer.size > newerCountMax) this.#newer.clear();
  }

  /**
   * Returns the usage of a key. Aliases are not supported, as in AWS.
   *
   * @throws {KmsError} 'NotFoundException', 'AccessDeniedException'
   */
  of(call: KmsCall, name: string): Result<KeyUsage> {
    const { journal, finder, authoriser } = this.#parts;
    const key = finder.findById(call, name);
    authoriser.authorise(call, { action: 'GetKeyLastUsage', key, values: {} });
    const recorded = journal.lastUse(key.id);
    const newer = this.#newer.get(key.id);
    // A later record may have replaced it.
    const isNewer = newer !== undefined && newer.atMs >= (recorded?.atMs ?? 0);
    const sinceMs = journal.usesTrackedSinceMs ?? call.nowMs;
    const trackedSinceMs = Math.max(key.createdMs, sinceMs);
    return unchanged({ key, last: isNewer ? newer : recorded, trackedSinceMs }, key);
  }
}
