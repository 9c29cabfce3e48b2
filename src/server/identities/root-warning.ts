// The warning about calls with the root user's access key.

import type { CallContext } from '../../calls/call-context.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import { hasAdministrator } from '../../identity/accounts/policies/administrators.ts';

const text = 'An administrator exists: use it instead of the root user.';

/** The warning about the use of the root user; undefined while no administrator exists. */
export function rootWarningText({ journal }: Pick<Iam, 'journal'>): string | undefined {
  return hasAdministrator(journal) ? text : undefined;
}

/** Returns a function that warns about calls of the root user while an administrator exists. */
export function rootWarning(iam: Pick<Iam, 'journal'>) {
  return ({ caller, invokedBy }: CallContext): string | undefined =>
    caller.type === 'root' && invokedBy === undefined ? rootWarningText(iam) : undefined;
}
