// The warning about calls with the root user's access key.

import type { CallContext } from '../../calls/call-context.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import { hasAdministrator } from '../../identity/accounts/policies/administrators.ts';

const text = 'An administrator exists: use it instead of the root user.';

/** Returns a function that warns about calls of the root user while an administrator exists. */
export function rootWarning({ journal }: Pick<Iam, 'journal'>) {
  return ({ caller, invokedBy }: CallContext): string | undefined =>
    caller.type === 'root' && invokedBy === undefined && hasAdministrator(journal)
      ? text
      : undefined;
}
