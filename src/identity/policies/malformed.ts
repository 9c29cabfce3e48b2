// The error of a policy document that is not valid.

import { IdentityError } from '../errors.ts';

/** Creates the error. The message says what was found and what is allowed. */
export function malformed(message: string): IdentityError {
  return new IdentityError('malformed-policy', message);
}
