/** How long a rejected message waits before it is delivered again. */
export interface RetryPolicy {
  /** Retries before the message dies; Infinity for any number. */
  readonly retryCountMax: number;
  /** Milliseconds before the first retry, and at least before any. */
  readonly delayMs: number;
  /** Milliseconds at most. */
  readonly delayMsMax: number;
  /** How the delay grows: by the first delay with each retry, or by a factor. */
  readonly backOff: { readonly kind: 'linear' } | { readonly kind: 'factor'; readonly by: number };
}

/**
 * Milliseconds before a retry.
 *
 * @param retryCount retries before this one
 */
export function retryDelayMs(policy: RetryPolicy, retryCount: number): number {
  const { delayMs, delayMsMax, backOff } = policy;
  const grown =
    backOff.kind === 'linear' ? delayMs * (retryCount + 1) : delayMs * backOff.by ** retryCount;
  return Math.round(Math.min(Math.max(grown, delayMs), delayMsMax));
}
