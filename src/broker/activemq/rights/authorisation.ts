// The permissions of an authorisation map, as JSON.

/** Groups whose users have a permission. The group `*` contains every user. */
export interface GroupsByRight {
  /** To consume and browse. */
  readonly read: readonly string[];
  /** To send. */
  readonly write: readonly string[];
  /** To create and delete destinations. */
  readonly admin: readonly string[];
}

/** The permissions on all destinations that match a name. */
export interface AuthorisationEntry extends GroupsByRight {
  readonly kind: 'queue' | 'topic';
  /** A name, which may have wildcards. */
  readonly name: string;
}

/** An authorisation map (ActiveMQ's `authorizationMap`), and the groups of the users. */
export interface Authorisation {
  /**
   * The permissions on a destination are the union of all entries that match it. A destination
   * without an entry is denied.
   */
  readonly entries: readonly AuthorisationEntry[];
  /**
   * The permissions on temporary destinations, to which no other entry applies. If undefined, they
   * are not restricted.
   */
  readonly temporary: GroupsByRight | undefined;
  /** The groups of each user. */
  readonly users: readonly (readonly [user: string, groups: readonly string[]])[];
}
