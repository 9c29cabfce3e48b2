// Checks of the root user.

import { administrators } from '../../identity/accounts/policies/administrators.ts';
import type { AdviceParts, Check } from './advice-parts.ts';

/** The time after the creation of an administrator in which the root user finishes the set-up. */
const setUpMs = 15 * 60_000;

const individualUsers = 'individual users with only the permissions that their duties need';
const mfa = 'multi-factor authentication for each account';

/** When the first of the present administrators was created; undefined if there is none. */
function administratorSinceMs({ iam }: AdviceParts): number | undefined {
  let first: number | undefined;
  for (const { createdMs } of administrators(iam.journal)) {
    first = Math.min(first ?? createdMs, createdMs);
  }
  return first;
}

const noAdministrator: Check = {
  name: 'no-administrator',
  why: individualUsers,
  *examinations(parts) {
    yield () =>
      administratorSinceMs(parts) === undefined
        ? {
            subject: 'account',
            what: 'only the root user can administer the account',
            fix: 'waxwing init-admin NAME',
          }
        : undefined;
  },
};

const rootKeyInUse: Check = {
  name: 'root-key-in-use',
  why: individualUsers,
  *examinations(parts) {
    const { identity, iam } = parts;
    for (const { accessKeyId } of identity.rootAccessKeys) {
      yield () => {
        const sinceMs = administratorSinceMs(parts);
        const use = iam.journal.lastUse(accessKeyId);
        if (sinceMs === undefined || use === undefined) return undefined;
        if (use.atMs <= sinceMs + setUpMs) return undefined;
        return {
          subject: `root user, access key ${accessKeyId}`,
          what: `used on ${new Date(use.atMs).toISOString()}, although an administrator exists`,
          fix: 'sign with the key of an administrator: aws --profile NAME …',
        };
      };
    }
  },
};

const rootWithoutMfa: Check = {
  name: 'root-without-mfa',
  why: mfa,
  *examinations({ iam }) {
    const rootName = 'root';
    yield () =>
      iam.devices.of({ id: iam.accountId() }).length > 0
        ? undefined
        : {
            subject: 'root user',
            what: 'no MFA device',
            fix: `aws iam create-virtual-mfa-device …; aws iam enable-mfa-device --user-name ${rootName} …`,
          };
  },
};

/** The checks of the root user. */
export const rootChecks: readonly Check[] = [noAdministrator, rootKeyInUse, rootWithoutMfa];
