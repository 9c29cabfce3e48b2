// The errors of this folder.

import { WaxwingError } from '../base/errors.ts';

/** The codes of {@link HostError}. */
export type HostErrorCode =
  /** A join token has another form, is not known, was used, or has expired. */
  | 'token-invalid'
  /** The other side has another certificate than expected, or none. */
  | 'peer-unknown'
  /** A message of the other side has another form, or is too long. */
  | 'message-invalid'
  /** The other side is of a release with other messages. */
  | 'release-different'
  /** The clock of a host is too far from that of the service. */
  | 'clock-wrong'
  /** There are as many hosts as are allowed. */
  | 'host-limit'
  /** Another host has the name or the address. */
  | 'host-exists'
  /** The host refused a request, with its reason. */
  | 'request-refused';

/** An expected error between the service and a host. It contains no token and no key. */
export class HostError extends WaxwingError<HostErrorCode> {}

/** There is no connection to a host, or it ended before the answer. The request may have had an effect. */
export class HostUnreachable extends Error {}
