// The data replication of a broker, as stored in its record.

/** Which broker of a pair accepts connections. */
export type ReplicationRole = 'PRIMARY' | 'REPLICA';

/** How a replica becomes the primary: with everything that the primary has, or at once. */
export type PromotionMode = 'SWITCHOVER' | 'FAILOVER';

/** The place of a broker in a pair of a primary and its replica. */
export interface ReplicationRecord {
  readonly role: ReplicationRole;
  /** `b-` and a lower-case UUID. */
  readonly counterpartId: string;
  /** Starts from 1, and changes with the roles. Both brokers of a pair have the same. */
  readonly lineage: number;
  /** Null unless the roles are about to change. */
  readonly promotion: PromotionMode | null;
}
