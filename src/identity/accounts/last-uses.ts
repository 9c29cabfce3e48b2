// Last uses of access keys and roles.

import type { CallContext } from '../../calls/call-context.ts';
import type { IamJournal } from './iam-journal.ts';
import type { IamChange, KeyUseRecord } from './records.ts';

/** Uses of a key within this time after a recorded one are not recorded, milliseconds. */
const quietMs = 60_000;

/**
 * Returns the changes that record the use of a caller's access key or role. They are committed
 * together with the audit record of the call, so that no call waits for a second commit.
 *
 * @param service the signing name of the called service
 */
export function usesOf(
  journal: IamJournal,
  { caller, invokedBy, nowMs, region }: Pick<CallContext, 'caller' | 'invokedBy' | 'nowMs' | 'region'>,
  service: string,
): readonly IamChange[] {
  const { accessKeyId, session } = caller;
  if (accessKeyId === undefined || invokedBy !== undefined) return [];
  const record: KeyUseRecord = { atMs: nowMs, service, region };
  if (session !== undefined) {
    const { roleId: id } = session;
    return isQuiet(journal.lastUseOfRole(id), nowMs) ? [] : [{ put: 'role-use', id, record }];
  }
  if (caller.temporary !== undefined) return [];
  if (isQuiet(journal.lastUse(accessKeyId), nowMs)) return [];
  return [{ put: 'key-use', id: accessKeyId, record }];
}

function isQuiet(last: KeyUseRecord | undefined, nowMs: number): boolean {
  return last !== undefined && Math.abs(nowMs - last.atMs) < quietMs;
}
