// Checks of policies: which allow more than named actions on named resources.

import { administratorPolicyArn } from '../../identity/accounts/policies/administrators.ts';
import type { EntityKind, EntityRecord } from '../../identity/accounts/records.ts';
import type { AdviceParts, Check, Examination } from './advice-parts.ts';
import { breadthOf } from './policy-breadth.ts';

const leastPrivilege = 'only the permissions that are necessary for a duty';

/** What the fix of a policy is, whichever it is. */
const narrow = 'name the actions and resources that are needed, or limit them by tags';

const kinds: readonly EntityKind[] = ['user', 'group', 'role'];

function* entities({ iam }: AdviceParts): Iterable<readonly [EntityKind, EntityRecord]> {
  for (const kind of kinds) {
    for (const entity of iam.journal.entities(kind).values()) yield [kind, entity];
  }
}

function examination(subject: string, document: () => string, command: string): Examination {
  return () => {
    const breadth = breadthOf(document());
    if (breadth === undefined) return undefined;
    return { subject, what: `allows ${breadth}`, fix: `${narrow}: ${command}` };
  };
}

const widePolicy: Check = {
  name: 'wide-policy',
  why: leastPrivilege,
  *examinations(parts) {
    const { managed, journal } = parts.iam;
    for (const { name, path } of journal.policies.values()) {
      const policy = managed.find(managed.arnOf({ name, path }));
      if (policy === undefined) continue;
      const command = `aws iam create-policy-version --policy-arn ${policy.arn} --set-as-default …`;
      yield examination(`policy ${name}`, () => managed.documentOf(policy), command);
    }
    for (const [kind, { id, name }] of entities(parts)) {
      for (const inline of journal.inlineOf(id)) {
        const option = `--${kind}-name ${name} --policy-name ${inline.name}`;
        const command = `aws iam put-${kind}-policy ${option} …`;
        const subject = `inline policy ${inline.name} of ${kind} ${name}`;
        yield examination(subject, () => inline.document, command);
      }
    }
  },
};

const directAdministrator: Check = {
  name: 'direct-administrator',
  why: leastPrivilege,
  *examinations({ iam }) {
    for (const { name, attached } of iam.journal.users.values()) {
      if (!attached.includes(administratorPolicyArn)) continue;
      yield () => ({
        subject: `user ${name}`,
        what: 'has AdministratorAccess attached directly, with each of its access keys',
        fix: `waxwing init-admin NAME for an administrator with a second factor; aws iam detach-user-policy --user-name ${name} --policy-arn ${administratorPolicyArn}`,
      });
    }
  },
};

/** The checks of policies. */
export const policyChecks: readonly Check[] = [widePolicy, directAdministrator];
