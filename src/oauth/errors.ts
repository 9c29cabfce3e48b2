// Errors of tokens.

import { WaxwingError } from '../base/errors.ts';

/** The codes of {@link TokenError}. */
export type TokenErrorCode =
  /** The token is malformed, expired, not signed by a known key, or for another service. */
  | 'token-refused'
  /** The keys of the provider cannot be fetched. */
  | 'provider-unavailable'
  /** Too many tokens are being verified. */
  | 'busy';

/** A token is not accepted. The text contains no part of it. */
export class TokenError extends WaxwingError<TokenErrorCode> {}
