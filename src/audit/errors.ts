import { WaxwingError } from '../base/errors.ts';

/**
 * What can be wrong about a look-up of audit records:
 *
 * - `invalid-lookup-attributes`: more than one attribute, or a value that its key cannot have
 * - `invalid-time-range`: it ends before it begins
 * - `invalid-next-token`: not a token of this trail, or one of another look-up
 */
export type AuditErrorCode =
  | 'invalid-lookup-attributes'
  | 'invalid-time-range'
  | 'invalid-next-token';

/** A look-up that the trail refuses. */
export class AuditError extends WaxwingError<AuditErrorCode> {}
