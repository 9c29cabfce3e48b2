// The session of the person at this page. It is kept in the memory of the page only: a reload ends it.

import { useSyncExternalStore } from 'react';

/** A page, and whether its person must sign in again first. */
export interface OpenPage {
  /** Another number is another page. */
  readonly number: number;
  readonly isHidden: boolean;
}

/** What components need to know. */
interface State<Session> {
  readonly session: Session | undefined;
  /** The page of the person; undefined if there is none. */
  readonly page: OpenPage | undefined;
}

/** Keeps a session, and tells components when it begins or ends. */
export class SessionStore<Session, Person> {
  #state: State<Session> = { session: undefined, page: undefined };
  /** Whose page it is. */
  #person: Person | undefined;
  readonly #personOf: (session: Session) => Person;
  readonly #listeners = new Set<() => void>();

  /** @param personOf whose session it is, without anything secret: a page that is hidden keeps it */
  constructor(personOf: (session: Session) => Person) {
    this.#personOf = personOf;
  }

  /** The session, if there is one. */
  readonly current = (): Session | undefined => this.#state.session;

  /** The person of the page, also while it is hidden. */
  readonly person = (): Person | undefined => this.#person;

  /** Whether a page waits for its person. */
  readonly hasHidden = (): boolean => this.#state.page?.isHidden === true;

  /**
   * Begins or ends the session. The page of the same person goes on; that of another one is dropped.
   *
   * @returns whether a page goes on
   */
  readonly set = (session: Session | undefined): boolean => {
    const { page } = this.#state;
    if (session === undefined) {
      this.#person = undefined;
      this.#change({ session, page: undefined });
      return false;
    }
    const person = this.#personOf(session);
    const isSame = page !== undefined && JSON.stringify(person) === JSON.stringify(this.#person);
    const number = isSame ? page.number : this.#number + 1;
    this.#person = person;
    this.#change({ session, page: { number, isHidden: false } });
    return isSame;
  };

  /** Ends the session without the person, whose page is hidden until the same one signs in. */
  readonly hide = (): void => {
    const { page } = this.#state;
    this.#change({ session: undefined, page: page && { ...page, isHidden: true } });
  };

  /** The session, if there is one, for components. */
  readonly use = (): Session | undefined => useSyncExternalStore(this.#listen, this.current);

  /** The page of the person, for components. */
  readonly usePage = (): OpenPage | undefined =>
    useSyncExternalStore(this.#listen, () => this.#state.page);

  #number = 0;

  #change(state: State<Session>): void {
    this.#number = state.page?.number ?? this.#number;
    this.#state = state;
    for (const each of [...this.#listeners]) each();
  }

  readonly #listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
