import { WaxwingError } from '../base/errors.ts';

/** What goes wrong in `net/`, by code. */
export type NetErrorCode =
  /** Another program listens on the port. */
  | 'port-in-use'
  /** The address cannot be listened on: not this machine's, not permitted. */
  | 'listen-failed';

/** An expected failure of `net/`. */
export class NetError extends WaxwingError<NetErrorCode> {}
