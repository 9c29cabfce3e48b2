// The errors of this folder.

import { WaxwingError } from '../base/errors.ts';

/** The error codes of this folder. */
export type NetErrorCode =
  /** Another program is using the port. */
  | 'port-in-use'
  /** Listening on the address failed: it does not belong to this machine, or is not permitted. */
  | 'listen-failed'
  /** A server outside cannot be reached, or its answer cannot be used. */
  | 'request-failed';

/** An expected error of the network. */
export class NetError extends WaxwingError<NetErrorCode> {}
