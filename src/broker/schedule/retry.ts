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
  /** The delay before the first retry, if it is not that of the formula, milliseconds. */
  readonly firstDelayMs?: number;
  /** The part of a delay by which it is made longer or shorter at random, 0 to 1. */
  readonly spread?: number;
}

/**
 * Returns the delay before a retry, milliseconds.
 *
 * @param retryCount the number of previous retries
 * @param random from 0 to 1, for the spread
 */
export function retryDelayMs(policy: RetryPolicy, retryCount: number, random = 0.5): number {
  const { delayMs, delayMsMax, backOff, firstDelayMs, spread = 0 } = policy;
  const grown =
    backOff.kind === 'linear' ? delayMs * (retryCount + 1) : delayMs * backOff.by ** retryCount;
  const limited = Math.min(Math.max(grown, delayMs), delayMsMax);
  const exact = retryCount === 0 && firstDelayMs !== undefined ? firstDelayMs : limited;
  return Math.round(exact * (1 + spread * (2 * random - 1)));
}
