// Reads of the API of a broker, for components.

import { keepPreviousData, useQuery } from '@tanstack/react-query';

/** The interval of reading what is shown again, milliseconds. The broker samples as often. */
const refreshMs = 5000;

/** How a resource is read. */
export interface LiveOptions {
  /** Whether it is read again while it is shown; true by default. */
  readonly isLive?: boolean | undefined;
  readonly isEnabled?: boolean | undefined;
}

/**
 * Reads a resource, and what it was before until it is read again.
 *
 * @param key its name, whose first part is that under which changes read it again
 */
export function useLive<Value>(
  key: readonly unknown[],
  read: () => Promise<Value>,
  { isLive = true, isEnabled = true }: LiveOptions = {},
) {
  return useQuery({
    queryKey: key,
    queryFn: read,
    refetchInterval: isLive && refreshMs,
    enabled: isEnabled,
    placeholderData: keepPreviousData,
  });
}
