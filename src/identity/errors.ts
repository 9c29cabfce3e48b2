import { WaxwingError } from '../base/errors.ts';

/**
 * What can be wrong about identities:
 *
 * - `malformed-policy`: a policy document is not valid
 */
export type IdentityErrorCode = 'malformed-policy';

/** A failure of identities and policies; each service puts it into its own words. */
export class IdentityError extends WaxwingError<IdentityErrorCode> {}
