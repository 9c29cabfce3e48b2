// Due deletions and rotations of keys, and expiries of key material.

import { serviceEventRecord } from '../audit/record.ts';
import type { Trail } from '../audit/trail.ts';
import { systemRandom } from '../base/random.ts';
import type { Kms } from '../kms/kms.ts';
import type { Entry } from '../storage/journal.ts';

/** Number of keys that are checked in one turn of the event loop. */
const keysPerTurn = 1000;

/** The dependencies of the steps. */
export interface ScheduledKeyTasksParts {
  readonly kms: Kms;
  readonly trail: Trail;
  /** The trail of service-owned keys. */
  readonly serviceTrail: Trail;
  /** Applies the entries at once. Resolves when they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly region: string;
  /** The account that owns the trail, 12 digits. */
  readonly accountId: string;
}

/**
 * Performs the due deletions, expiries and rotations of keys, and destroys materials whose
 * destruction failed before. Each is recorded in the audit trail; those of service-owned keys, which
 * belong to no account, in the trail of the service.
 */
export async function runScheduledKeyTasks(
  parts: ScheduledKeyTasksParts,
  nowMs: number,
): Promise<void> {
  await parts.kms.materials.finishDestruction();
  const ids = parts.kms.journal.idsWithSteps();
  for (let from = 0; from < ids.length; from += keysPerTurn) {
    if (from > 0) await new Promise((resolve) => setImmediate(resolve));
    await doSteps(parts, nowMs, ids.slice(from, from + keysPerTurn));
  }
}

async function doSteps(
  parts: ScheduledKeyTasksParts,
  nowMs: number,
  ids: readonly string[],
): Promise<void> {
  const { kms, commit, region } = parts;
  for (const { eventName, details, result } of kms.tick(nowMs, ids)) {
    const isSeen = result.keys.some((key) => key.accountId === parts.accountId);
    const accountId = (isSeen ? undefined : result.keys[0]?.accountId) ?? parts.accountId;
    const trail = isSeen ? parts.trail : parts.serviceTrail;
    const event = serviceEventRecord({
      eventId: systemRandom.uuid(),
      region,
      accountId,
      atMs: nowMs,
      eventSource: 'kms.amazonaws.com',
      eventName,
      resources: result.keys.map(({ arn }) => ({ arn, type: 'AWS::KMS::Key', accountId })),
      details,
    });
    const changes = result.changes.map((change) => ({ journal: kms.journal.name, change }));
    await commit([...changes, ...trail.chain(event, nowMs)]);
    await kms.announce(result);
  }
}
