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

/** Permissions of groups and, if they come from a directory, of users. */
export interface Permissions extends GroupsByRight {
  /** Names of users. */
  readonly users?: GroupsByRight;
}

/** The permissions on all destinations that match a name. */
export interface AuthorisationEntry extends Permissions {
  readonly kind: 'queue' | 'topic';
  /** A name, which may have wildcards. */
  readonly name: string;
}

/** Permissions that are read from a directory (ActiveMQ's `cachedLDAPAuthorizationMap`). */
export interface DirectoryRights {
  /** The entries below which permissions are searched, distinguished names. */
  readonly queues: string | undefined;
  readonly topics: string | undefined;
  /** If undefined, temporary destinations are not restricted. */
  readonly temporary: string | undefined;
  /** Whether all members are groups, named by the first part of their names. */
  readonly isLegacy: boolean;
  /** The time between two searches, milliseconds. */
  readonly refreshMs: number;
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
  readonly temporary: Permissions | undefined;
  /** The groups of each user. */
  readonly users: readonly (readonly [user: string, groups: readonly string[]])[];
}
