// The retry policy of a queue.

/** The delay before a rejected message is delivered again. */
export interface RetryPolicy {
  /** Maximum number of retries. A message that is rejected again is removed. May be Infinity. */
  readonly retryCountMax: number;
  /** The delay before the first retry, and the minimum of all delays, milliseconds. */
  readonly delayMs: number;
  /** The maximum delay, milliseconds. */
  readonly delayMsMax: number;
  /** The growth of the delay: linear, or by a factor. */
  readonly backOff: { readonly kind: 'linear' } | { readonly kind: 'factor'; readonly by: number };
}

/**
 * Returns the delay before a retry, milliseconds.
 *
 * @param retryCount the number of previous retries
 */
export function retryDelayMs(policy: RetryPolicy, retryCount: number): number {
  const { delayMs, delayMsMax, backOff } = policy;
  const grown =
    backOff.kind === 'linear' ? delayMs * (retryCount + 1) : delayMs * backOff.by ** retryCount;
  return Math.round(Math.min(Math.max(grown, delayMs), delayMsMax));
}
