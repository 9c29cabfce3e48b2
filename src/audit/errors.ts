// The errors of audit lookups.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of audit lookups:
 * - `invalid-lookup-attributes`: more than one attribute, or an invalid value
 * - `invalid-time-range`: the range ends before it begins
 * - `invalid-next-token`: the token does not belong to this trail or to this lookup
 */
export type AuditErrorCode =
  | 'invalid-lookup-attributes'
  | 'invalid-time-range'
  | 'invalid-next-token';

/** A lookup that the trail refuses. */
export class AuditError extends WaxwingError<AuditErrorCode> {}
