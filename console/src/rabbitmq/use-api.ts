// Reads of the management API, for components.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call, type Query } from './api.ts';

/** The interval of reading what is shown again, milliseconds. The broker samples as often. */
export const refreshMs = 5000;

interface Options {
  readonly query?: Query;
  /** Whether it is read again while it is shown; true by default. */
  readonly isLive?: boolean;
  readonly isEnabled?: boolean;
  readonly accepts?: number;
}

/**
 * Reads a resource. The first part of the path is the name under which changes read it again.
 *
 * @param parts the parts of the path
 */
export function useApi<Value>(parts: readonly string[], options: Options = {}) {
  const { query = {}, isLive = true, isEnabled = true, accepts } = options;
  return useQuery({
    queryKey: [...parts, query],
    queryFn: () => call<Value>('GET', parts, { query, ...(accepts && { accepts }) }),
    refetchInterval: isLive && refreshMs,
    enabled: isEnabled,
    placeholderData: keepPreviousData,
  });
}
