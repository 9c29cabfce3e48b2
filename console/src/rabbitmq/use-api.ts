// Reads of the management API, for components.

import type { Query } from '../broker/request.ts';
import { type LiveOptions, useLive } from '../broker/use-live.ts';
import { call } from './api.ts';

interface Options extends LiveOptions {
  readonly query?: Query;
  readonly accepts?: number;
}

/**
 * Reads a resource. The first part of the path is the name under which changes read it again.
 *
 * @param parts the parts of the path
 */
export function useApi<Value>(parts: readonly string[], options: Options = {}) {
  const { query = {}, accepts } = options;
  const read = () => call<Value>('GET', parts, { query, ...(accepts && { accepts }) });
  return useLive([...parts, query], read, options);
}
