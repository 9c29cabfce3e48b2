// The errors of requests for metrics.

import { WaxwingError } from '../base/errors.ts';

/** The codes of {@link MetricsError}. */
export type MetricsErrorCode =
  /** A value that is not allowed. */
  | 'invalid-value'
  /** Values that do not fit together. */
  | 'invalid-combination'
  /** A token that does not belong to the request. */
  | 'invalid-token'
  /** Too many requests read samples. */
  | 'busy'
  /** An operation that is not offered. */
  | 'unsupported';

/** A request for metrics that cannot be answered. */
export class MetricsError extends WaxwingError<MetricsErrorCode> {}
