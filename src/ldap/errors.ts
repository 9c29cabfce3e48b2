// Errors of requests to a directory.

import { WaxwingError } from '../base/errors.ts';

/** The codes of {@link LdapError}. */
export type LdapErrorCode =
  /** The host cannot be reached, its certificate is not valid, or it did not answer in time. */
  | 'host-unavailable'
  /** The host refused the service account or a search. */
  | 'request-refused'
  /** A filter cannot be used. */
  | 'filter-invalid';

/** A request to a directory failed. The text contains no password and no text of a client. */
export class LdapError extends WaxwingError<LdapErrorCode> {}
