// Signing in with the password and the MFA device of a user of the account.

import { IamError } from '../../identity/accounts/errors.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import type { IamChange, UserRecord } from '../../identity/accounts/records.ts';
import type { UserPerson } from '../../identity/sso/person.ts';

/** What a person typed. */
export interface Credentials {
  readonly userName: string;
  readonly password: string;
  /** Empty if there is none. */
  readonly mfaCode: string;
}

/** The answer to a person. */
export type PasswordAnswer =
  | UserPerson
  | 'wrong'
  | 'busy'
  /** The password is right, but must be replaced first. */
  | 'outdated';

/**
 * Checks what a person typed. Neither the answer nor its time tells whether the user exists, or what was
 * wrong. The second factor is checked after the password, so that nobody can block the devices of others.
 *
 * @param accepted records a sign-in. It is called in the turn in which the code is checked, and must
 *   apply the changes at once: they prevent a second use of the code
 */
export async function signInWithPassword(
  iam: Iam,
  { userName, password, mfaCode }: Credentials,
  sourceIp: string,
  nowMs: () => number,
  accepted: (person: UserPerson, changes: readonly IamChange[]) => Promise<void>,
): Promise<PasswordAnswer> {
  const signIn: { answer?: UserPerson | 'outdated'; recorded?: Promise<void> } = {};
  const result = await iam.passwords.verify(userName, password, sourceIp, (user, record) => {
    const atMs = nowMs();
    const factor = secondFactor(iam, user, mfaCode, atMs);
    if (factor === 'wrong') return false;
    if (record.mustChange || iam.passwords.isExpired(record, atMs)) {
      signIn.answer = 'outdated';
      return true;
    }
    const { mfaAtMs } = factor;
    const proven = { provenMs: atMs, ...(mfaAtMs && { mfaAtMs }) };
    const person: UserPerson = { type: 'user', userId: user.id, ...proven };
    signIn.answer = person;
    signIn.recorded = accepted(person, [...factor.changes, iam.passwords.used(record, atMs)]);
    return true;
  });
  if (result === 'busy') return 'busy';
  await signIn.recorded;
  return signIn.answer ?? 'wrong';
}

interface Factor {
  readonly mfaAtMs: number | undefined;
  readonly changes: readonly IamChange[];
}

/** Checks the code of any device of the user. Users without a device need none. */
function secondFactor(iam: Iam, user: UserRecord, code: string, nowMs: number): Factor | 'wrong' {
  const devices = iam.devices.of(user);
  if (devices.length === 0) return { mfaAtMs: undefined, changes: [] };
  for (const device of devices) {
    try {
      const serial = iam.devices.serialOf(device);
      const { changes } = iam.devices.check(user.id, serial, code, nowMs);
      return { mfaAtMs: nowMs, changes };
    } catch (error) {
      if (!(error instanceof IamError)) throw error;
    }
  }
  return 'wrong';
}
