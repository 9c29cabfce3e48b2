// The principals that may do everything.

import type { IamJournal } from '../iam-journal.ts';

/** The managed policy that allows everything. */
export const administratorPolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';

/** The administrators as far as the managed policy tells, each with its creation time. */
export function* administrators(journal: IamJournal): Iterable<{ readonly createdMs: number }> {
  for (const id of journal.attachedTo(administratorPolicyArn)) {
    const user = journal.users.byId(id);
    const role = journal.roles.byId(id);
    if (user) yield user;
    if (role) yield role;
    for (const memberId of journal.membersOf(id)) {
      const member = journal.users.byId(memberId);
      if (member) yield member;
    }
  }
}

/**
 * Whether a user or role besides the root user has the managed policy `AdministratorAccess`, itself
 * or by a group. From then on, the root user is not needed.
 */
export function hasAdministrator(journal: IamJournal): boolean {
  for (const _ of administrators(journal)) return true;
  return false;
}
