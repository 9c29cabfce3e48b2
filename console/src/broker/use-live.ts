// Reads of the API of a broker, for components.

import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { ApiError } from './request.ts';

/** The interval of reading what is shown again, milliseconds. The broker samples as often. */
const refreshMs = 5000;

/** How a resource is read. */
export interface LiveOptions {
  /** Whether it is read again while it is shown; true by default. */
  readonly isLive?: boolean | undefined;
  readonly isEnabled?: boolean | undefined;
}

/** What is known of a resource. */
type Live<Value> = Pick<
  UseQueryResult<Value>,
  'error' | 'isLoading' | 'isFetching' | 'isPlaceholderData' | 'refetch'
> & { readonly data: Value | undefined };

/** Whether the broker says that there is no such resource, or that the person may not see it any more. */
function isGone(error: Error | null): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 403);
}

/**
 * Reads a resource, and what it was before until it is read again or is gone.
 *
 * @param key its name, whose first part is that under which changes read it again
 */
export function useLive<Value>(
  key: readonly unknown[],
  read: () => Promise<Value>,
  { isLive = true, isEnabled = true }: LiveOptions = {},
): Live<Value> {
  const query = useQuery({
    queryKey: key,
    queryFn: read,
    refetchInterval: isLive && refreshMs,
    enabled: isEnabled,
    placeholderData: keepPreviousData,
  });
  return isGone(query.error) ? { ...query, data: undefined } : query;
}
