// The settings of delayed retries of quorum queues (RabbitMQ 4.3).

/** The values of `x-delayed-retry-type`. */
export const delayedRetryTypes = ['disabled', 'all', 'failed', 'returned'] as const;

/** When a returned message waits before it is delivered again. */
export interface DelayedRetry {
  /** Which deliveries: failed ones, those that were returned without a failure, or all. */
  readonly type: 'all' | 'failed' | 'returned';
  /** The delay after the first failure, ms; it grows with each. */
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Returns the settings; undefined unless the type asks for a delay and there is a minimum.
 *
 * @param minMs undefined or not positive for none
 * @param maxMs undefined for the minimum
 */
export function delayedRetryOf(
  type: unknown,
  minMs: number | undefined,
  maxMs: number | undefined,
): DelayedRetry | undefined {
  if (type !== 'all' && type !== 'failed' && type !== 'returned') return undefined;
  if (minMs === undefined || minMs <= 0) return undefined;
  return { type, minMs, maxMs: maxMs === undefined || maxMs <= 0 ? minMs : maxMs };
}

/** The delay of a returned message, ms; 0 for none. */
export function retryDelayMs(
  retry: DelayedRetry | undefined,
  hasFailed: boolean,
  failureCount: number,
): number {
  if (retry === undefined) return 0;
  if (retry.type !== 'all' && (retry.type === 'failed') !== hasFailed) return 0;
  return Math.min(retry.minMs * Math.max(1, failureCount), retry.maxMs);
}

/** The settings as RabbitMQ's management API shows them. */
export function delayedRetryText(retry: DelayedRetry | undefined): string {
  if (retry === undefined) return 'disabled';
  return `${retry.type} (min: ${retry.minMs}ms, max: ${retry.maxMs}ms)`;
}
