// Last uses of access keys and roles.

import type { CompletedCall } from '../../calls/completed-call.ts';
import type { IamJournal } from './iam-journal.ts';
import type { IamChange, KeyUseRecord } from './records.ts';

/** Uses of a key within this time after a recorded one are not recorded, milliseconds. */
const quietMs = 60_000;

/**
 * Returns the changes that record the use of a caller's access key or role. They are committed
 * together with the audit record of the call, so that no call waits for a second commit.
 */
export function usesOf(
  journal: IamJournal,
  call: Pick<CompletedCall, 'caller' | 'invokedBy' | 'atMs' | 'region' | 'eventSource'>,
): readonly IamChange[] {
  const { caller, invokedBy, atMs, region, eventSource } = call;
  const { accessKeyId, session, temporary } = caller;
  if (accessKeyId === undefined || invokedBy !== undefined) return [];
  const record: KeyUseRecord = { atMs, service: signingName(eventSource), region };
  if (session !== undefined) {
    const { roleId: id } = session;
    return isQuiet(journal.lastUseOfRole(id), atMs) ? [] : [{ put: 'role-use', id, record }];
  }
  if (temporary !== undefined || isQuiet(journal.lastUse(accessKeyId), atMs)) return [];
  return [{ put: 'key-use', id: accessKeyId, record }];
}

function isQuiet(last: KeyUseRecord | undefined, nowMs: number): boolean {
  return last !== undefined && Math.abs(nowMs - last.atMs) < quietMs;
}

/** The signing name of the service with an event source. */
function signingName(eventSource: string): string {
  const [name = ''] = eventSource.split('.');
  return name === 'amazonmq' ? 'mq' : name;
}
