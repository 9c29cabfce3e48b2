// The errors of the audit trail.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of audit lookups and trails:
 * - `invalid-lookup-attributes`: more than one attribute, or an invalid value
 * - `invalid-time-range`: the range ends before it begins
 * - `invalid-next-token`: the token does not belong to this trail or to this lookup
 * - `trail-not-found`: the trail does not exist
 * - `trail-exists`: the name is in use
 * - `too-many-trails`: the account has as many trails as are permitted
 * - `invalid-trail-name`: the name has invalid characters or a wrong length
 * - `invalid-trail-arn`: the ARN is malformed, or of another account or region
 * - `invalid-bucket-name`: the name has invalid characters or a wrong length
 * - `invalid-prefix`: the prefix of the files has invalid characters or is too long
 * - `invalid-event-selectors`: selectors that select nothing, or have unknown fields or operators
 * - `invalid-tags`: a tag key twice, or one that is reserved
 * - `too-many-tags`: more than 50
 * - `no-such-bucket`: no trail delivers to the bucket
 * - `no-such-object`: the object does not exist
 * - `bucket-refused`: a bucket outside refuses files
 * - `bucket-unreachable`: a bucket outside does not answer
 * - `trail-file-invalid`: a log or digest file was changed, removed or moved
 */
export type AuditErrorCode =
  | 'invalid-lookup-attributes'
  | 'invalid-time-range'
  | 'invalid-next-token'
  | 'trail-not-found'
  | 'trail-exists'
  | 'too-many-trails'
  | 'invalid-trail-name'
  | 'invalid-trail-arn'
  | 'invalid-bucket-name'
  | 'invalid-prefix'
  | 'invalid-event-selectors'
  | 'invalid-tags'
  | 'too-many-tags'
  | 'no-such-bucket'
  | 'no-such-object'
  | 'bucket-refused'
  | 'bucket-unreachable'
  | 'trail-file-invalid';

/** A lookup or a change of a trail that is refused, or a file of a trail that is not valid. */
export class AuditError extends WaxwingError<AuditErrorCode> {}
