// The sign-ins that are valid, as a journal.

import type { Journal } from '../../storage/journal.ts';
import { SetsByKey } from '../accounts/sets-by-key.ts';
import { personId } from './person.ts';
import type { SignInRecord, SsoChange } from './sign-in-record.ts';

/** The sign-ins, in the order in which they began. */
export class SignInJournal implements Journal<SsoChange> {
  readonly name = 'sso';
  readonly #records = new Map<string, SignInRecord>();
  /** Ids by person, in the order in which they began. */
  readonly #ofPerson = new SetsByKey();

  apply(change: SsoChange): void {
    if ('put' in change) {
      const { record } = change;
      this.#delete(record.id);
      this.#records.set(record.id, record);
      this.#ofPerson.move(record.id, [], [personId(record.person)]);
    } else this.#delete(change.id);
  }

  *snapshot(): Iterable<SsoChange> {
    for (const record of this.#records.values()) yield { put: 'sign-in', record };
  }

  get(id: string): SignInRecord | undefined {
    return this.#records.get(id);
  }

  get count(): number {
    return this.#records.size;
  }

  /** All sign-ins, oldest first. */
  all(): Iterable<SignInRecord> {
    return this.#records.values();
  }

  /** The ids of the sign-ins of a person, oldest first. */
  of(person: string): ReadonlySet<string> {
    return this.#ofPerson.of(person);
  }

  #delete(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    this.#ofPerson.move(id, [personId(record.person)], []);
  }
}
