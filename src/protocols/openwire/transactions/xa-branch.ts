// A branch of an XA transaction.

import type { Xid } from '../../../broker/transactions/xid.ts';
import type { OpenTransaction } from './open-transaction.ts';

/** A branch of an XA transaction, which any connection of the same user can join. */
export interface XaBranch {
  readonly xid: Xid;
  readonly transaction: OpenTransaction;
  /** The connection that began it; its end rolls the branch back, unless it is prepared. */
  readonly owner: object;
  /** The user of that connection. */
  readonly user: string;
  /** Whether it is prepared, or being prepared. */
  isPrepared: boolean;
  /** Whether an outcome is being carried out. */
  isEnding: boolean;
}
