// The errors of the audit trail.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of audit lookups and trails:
 * - `invalid-lookup-attributes`: more than one attribute, or an invalid value
 * - `invalid-time-range`: the range ends before it begins
 * - `invalid-next-token`: the token does not belong to this trail or to this lookup
 * - `trail-not-found`, `trail-exists`, `too-many-trails`
 * - `invalid-trail-name`, `invalid-trail-arn`, `invalid-bucket-name`, `invalid-prefix`
 * - `invalid-event-selectors`: selectors that select nothing, or have unknown fields or operators
 * - `invalid-tags`: a tag key twice, or one that is reserved
 * - `too-many-tags`: more than 50
 * - `no-such-bucket`, `no-such-object`: no trail delivers to the bucket; the object does not exist
 * - `bucket-refused`, `bucket-unreachable`: a bucket outside does not take files now, or at all
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
