// Settings of the account: its alias.

import { IamError, noSuchEntity } from './errors.ts';
import type { IamJournal } from './iam-journal.ts';
import type { AccountRecord } from './records.ts';
import { changed, type IamResult } from './result.ts';

/** The alias of the account, a name that stands for its id where users sign in. */
export class AccountSettings {
  readonly #journal: IamJournal;

  constructor(journal: IamJournal) {
    this.#journal = journal;
  }

  get alias(): string | undefined {
    return this.#journal.account.alias;
  }

  /** Sets the alias, which replaces an earlier one, as in AWS. */
  setAlias(alias: string): IamResult<undefined> {
    if (alias === this.alias) {
      throw new IamError('EntityAlreadyExists', `The account alias ${alias} already exists.`);
    }
    return changed({ put: 'account', record: { ...this.#journal.account, alias } });
  }

  /** @throws {IamError} 'NoSuchEntity' if this is not the alias */
  deleteAlias(alias: string): IamResult<undefined> {
    if (alias !== this.alias) {
      throw noSuchEntity(`The account alias ${alias} cannot be found.`);
    }
    const { alias: _alias, ...account } = this.#journal.account;
    const record: AccountRecord = account;
    return changed({ put: 'account', record });
  }
}
