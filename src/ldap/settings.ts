// The settings of a directory: an LDAP server with users and groups.

/** A search in a directory. */
export interface DirectorySearch {
  /** The distinguished name of the entry below which is searched. */
  readonly base: string;
  /** A filter (RFC 4515) with placeholders; see `filledFilter`. */
  readonly filter: string;
  /** Whether entries at any depth are found, or only those directly below the base. */
  readonly isSubtree: boolean;
}

/** The settings of a directory. Plain JSON, with a password. */
export interface DirectorySettings {
  /** Names or addresses, tried in this order; IPv6 addresses in brackets. */
  readonly hosts: readonly string[];
  /** The port for LDAP over TLS on all hosts. */
  readonly port: number;
  /**
   * The certificates of the authorities that the hosts' certificates must be issued by, PEM. Null
   * for the public authorities that Node knows.
   */
  readonly authorities: string | null;
  /** The account that searches for users and groups. */
  readonly serviceAccount: { readonly name: string; readonly password: string };
  /** Finds the entry of a user. `{0}` stands for the user name. */
  readonly users: DirectorySearch;
  /** The attribute of a user's entry that contains names of groups; null if there is none. */
  readonly userGroupAttribute: string | null;
  /** Finds the groups of a user. `{0}` stands for the name of its entry, `{1}` for the user name. */
  readonly groups: DirectorySearch;
  /** The attribute of a group's entry that contains its name. Null if groups are not searched. */
  readonly groupNameAttribute: string | null;
}

/** The limits of requests to a directory. */
export interface DirectoryLimits {
  /** Maximum time for a connection to one host with all of its requests, milliseconds. */
  readonly hostTimeoutMs: number;
  /** Maximum number of bytes that are received on a connection, and of reads. */
  readonly receivedBytesMax: number;
  readonly receivedPieceCountMax: number;
  /** Maximum number of groups of a user; further ones are left out. */
  readonly groupCountMax: number;
  /** Maximum length of a user name, characters. */
  readonly usernameLengthMax: number;
  /** Maximum length of a password, characters. */
  readonly passwordLengthMax: number;
  /** Maximum length of a name that a directory returns, characters. */
  readonly nameLengthMax: number;
}

/** The default limits of requests to a directory. */
export const directoryLimits: DirectoryLimits = {
  hostTimeoutMs: 5000,
  receivedBytesMax: 1024 * 1024,
  receivedPieceCountMax: 1024,
  groupCountMax: 1000,
  usernameLengthMax: 256,
  passwordLengthMax: 1024,
  nameLengthMax: 2048,
};
