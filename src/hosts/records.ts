// What the service stores about the hosts of nodes.

/** A machine that has joined. */
export interface HostRecord {
  /** `h-` and 17 hexadecimal digits. */
  readonly id: string;
  /** Unique among the hosts. */
  readonly name: string;
  readonly zone: string;
  /** The IPv4 address on which its nodes listen. */
  readonly address: string;
  /**
   * SHA-256 of the public keys that it may have, hexadecimal: the one that it uses, and after a renewal the
   * next one until it has been used.
   */
  readonly keyDigests: readonly string[];
  /** Milliseconds since 1970. */
  readonly joinedMs: number;
  /** Who made the token with which it joined: an ARN. Missing if that was not recorded. */
  readonly invitedBy?: string;
}

/** A token with which one machine can join. */
export interface TokenRecord {
  /** SHA-256 of the secret, hexadecimal. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
  /** Who made it: an ARN. Missing if that was not recorded. */
  readonly createdBy?: string;
}

/** Where the volume of a node is, unless on the machine of the service. */
export interface PlacementRecord {
  readonly brokerId: string;
  readonly volumeId: string;
  readonly hostId: string;
  /** Whether the node has moved there, and is not in its cluster yet. */
  readonly isNew: boolean;
}

/** The authority of the certificates of hosts. */
export interface AuthorityRecord {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8 PEM, sealed; base64. */
  readonly sealedKey: string;
}

/** A change of the journal of hosts. */
export type HostsChange =
  | { readonly put: 'authority'; readonly authority: AuthorityRecord }
  | { readonly put: 'host'; readonly host: HostRecord }
  | { readonly delete: 'host'; readonly hostId: string }
  | { readonly put: 'token'; readonly token: TokenRecord }
  | { readonly delete: 'token'; readonly digest: string }
  | { readonly put: 'placement'; readonly placement: PlacementRecord }
  | { readonly delete: 'placement'; readonly volumeId: string };
