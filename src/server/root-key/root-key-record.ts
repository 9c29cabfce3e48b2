// The record of the root key in the state and in the audit trail.

import { serviceEventRecord } from '../../audit/record.ts';
import type { Trail } from '../../audit/trail.ts';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { StateStore } from '../../storage/state-store.ts';
import type { Volume } from '../../storage/volume.ts';
import type { Installation, RootKeyFacts } from '../installation.ts';
import { readWrapping } from './wrapping.ts';

/** What is recorded, and where. */
export interface RootKeyRecording {
  readonly installation: Installation;
  readonly trail: Trail;
  readonly store: StateStore;
  readonly region: string;
  readonly accountId: string;
}

/**
 * Records the root key that the header of an open system volume states. If it is another one than
 * was recorded, the trail gets an event of the change, in the same batch. A change replaces the
 * header first, so after a crash the next opening of the folder records it, before anything else.
 */
export async function recordRootKey(
  { header }: Pick<Volume, 'header'>,
  { installation, trail, store, region, accountId }: RootKeyRecording,
): Promise<void> {
  const before = installation.rootKey;
  const { kind, label, sinceMs = null, changeId = null } = readWrapping(header.wrappedKey);
  const now: RootKeyFacts = { kind, label, sinceMs, changeId };
  if (before !== undefined && before.changeId === changeId) return;
  const entries = installation.recordRootKey(now);
  // Without a record, the folder is new, or an earlier release has written it.
  if (before === undefined) return await store.commit(entries);
  const atMs = systemClock.nowMs();
  const event = serviceEventRecord({
    eventId: systemRandom.uuid(),
    region,
    accountId,
    atMs,
    eventSource: 'waxwing.local',
    eventName: 'ChangeRootKey',
    resources: [],
    details: { from: shown(before), to: shown(now), changeId },
  });
  await store.commit([...entries, ...trail.chain(event, atMs)]);
}

function shown({ kind, label, sinceMs }: RootKeyFacts): object {
  const since = sinceMs === null ? null : new Date(sinceMs).toISOString();
  return { source: kind, ...(label !== '' && { key: label }), since };
}
