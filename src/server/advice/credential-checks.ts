// Checks of the credentials of users.

import type { Iam } from '../../identity/accounts/iam.ts';
import type { UserRecord } from '../../identity/accounts/records.ts';
import type { AdviceParts, Check, Examination } from './advice-parts.ts';

const dayMs = 86_400_000;
/** The age after which an access key should be replaced. */
const keyAgeDaysMax = 90;
/** The time without a use after which an access key is not needed. */
const unusedDaysMax = 90;

const protectedCredentials = 'protection of account credentials';

/** An active access key, of a user or of the root user. */
interface ActiveKey {
  readonly accessKeyId: string;
  readonly createdMs: number;
  /** Undefined for the root user. */
  readonly userName: string | undefined;
}

function* activeKeys({ iam, identity }: AdviceParts): Iterable<ActiveKey> {
  for (const { isActive, ...key } of identity.rootAccessKeys) {
    if (isActive) yield { ...key, userName: undefined };
  }
  for (const user of iam.journal.users.values()) {
    for (const { accessKeyId, createdMs, status } of iam.accessKeys.of(user)) {
      if (status === 'Active') yield { accessKeyId, createdMs, userName: user.name };
    }
  }
}

function subjectOf({ accessKeyId, userName }: ActiveKey): string {
  const owner = userName === undefined ? 'root user' : `user ${userName}`;
  return `${owner}, access key ${accessKeyId}`;
}

/** The option that names the owner of a key. The root user names nobody. */
function ownerOption({ userName }: ActiveKey): string {
  return userName === undefined ? '' : ` --user-name ${userName}`;
}

function hasCredentials({ iam }: Pick<AdviceParts, 'iam'>, user: UserRecord): boolean {
  if (iam.passwords.find(user) !== undefined) return true;
  return iam.accessKeys.of(user).some(({ status }) => status === 'Active');
}

function mfaExamination(iam: Iam, user: UserRecord): Examination {
  return () =>
    !hasCredentials({ iam }, user) || iam.devices.of(user).length > 0
      ? undefined
      : {
          subject: `user ${user.name}`,
          what: 'has credentials and no MFA device',
          fix: `aws iam create-virtual-mfa-device …; aws iam enable-mfa-device --user-name ${user.name} …`,
        };
}

const userWithoutMfa: Check = {
  name: 'user-without-mfa',
  why: 'multi-factor authentication for each account',
  *examinations({ iam }) {
    for (const user of iam.journal.users.values()) yield mfaExamination(iam, user);
  },
};

const oldAccessKey: Check = {
  name: 'old-access-key',
  why: protectedCredentials,
  *examinations(parts, nowMs) {
    for (const key of activeKeys(parts)) {
      yield () => {
        const days = Math.floor((nowMs - key.createdMs) / dayMs);
        if (days <= keyAgeDaysMax) return undefined;
        const owner = ownerOption(key);
        return {
          subject: subjectOf(key),
          what: `${days} days old; at most ${keyAgeDaysMax} are advised`,
          fix: `aws iam create-access-key${owner}; then aws iam delete-access-key${owner} --access-key-id ${key.accessKeyId}`,
        };
      };
    }
  },
};

const unusedAccessKey: Check = {
  name: 'unused-access-key',
  why: protectedCredentials,
  *examinations(parts, nowMs) {
    for (const key of activeKeys(parts)) {
      // The root user's last key cannot be deleted.
      if (key.userName === undefined) continue;
      yield () => {
        const usedMs = parts.iam.journal.lastUse(key.accessKeyId)?.atMs;
        const days = Math.floor((nowMs - (usedMs ?? key.createdMs)) / dayMs);
        if (days <= unusedDaysMax) return undefined;
        return {
          subject: subjectOf(key),
          what: `${usedMs === undefined ? 'never used' : 'not used'} in ${days} days`,
          fix: `aws iam delete-access-key${ownerOption(key)} --access-key-id ${key.accessKeyId}`,
        };
      };
    }
  },
};

/** The checks of credentials. */
export const credentialChecks: readonly Check[] = [userWithoutMfa, oldAccessKey, unusedAccessKey];
