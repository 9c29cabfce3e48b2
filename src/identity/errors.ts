// The errors of identities and policies.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of this folder:
 * - `malformed-policy`: a policy document is not valid
 */
export type IdentityErrorCode = 'malformed-policy';

/** An error in an identity or policy. Each service converts it to its own error. */
export class IdentityError extends WaxwingError<IdentityErrorCode> {}
