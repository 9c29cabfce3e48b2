// The unique ids of the account's users, roles and sessions.

import type { PrincipalNames } from '../../policies/principal-ids.ts';
import { iamArn, partsOfArn } from '../arns.ts';
import type { IamJournal } from '../iam-journal.ts';

const sessionForm = /^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\/([^/]+)$/;

/** Finds the unique ids of users, roles and their sessions by ARN, and the other way round. */
export class AccountPrincipals implements PrincipalNames {
  readonly #journal: IamJournal;
  readonly #accountId: () => string;

  constructor(journal: IamJournal, accountId: () => string) {
    this.#journal = journal;
    this.#accountId = accountId;
  }

  idOf(arn: string): string | undefined {
    const [, account, roleName = '', session] = sessionForm.exec(arn) ?? [];
    if (session !== undefined) {
      const role = account === this.#accountId() ? this.#journal.roles.named(roleName) : undefined;
      return role?.name === roleName ? `${role.id}:${session}` : undefined;
    }
    const { kind, name = '' } = partsOfArn(this.#accountId(), arn) ?? {};
    if (kind !== 'user' && kind !== 'role') return undefined;
    const found = this.#journal.entities(kind).named(name);
    return found && this.arnOf(found.id) === arn ? found.id : undefined;
  }

  arnOf(id: string): string | undefined {
    const accountId = this.#accountId();
    const user = this.#journal.users.byId(id);
    if (user) return iamArn(accountId, 'user', user);
    const [roleId = '', session] = id.split(':');
    const role = this.#journal.roles.byId(roleId);
    if (role === undefined) return undefined;
    if (session === undefined) return iamArn(accountId, 'role', role);
    return `arn:aws:sts::${accountId}:assumed-role/${role.name}/${session}`;
  }
}
