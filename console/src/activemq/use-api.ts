// Reads of the console's API, for components.

import type { Query } from '../broker/request.ts';
import { type LiveOptions, useLive } from '../broker/use-live.ts';
import { get } from './api.ts';

interface Options extends LiveOptions {
  readonly query?: Query;
}

/**
 * Reads a resource. The first part of the path is the name under which changes read it again.
 *
 * @param parts the parts of the path
 */
export function useApi<Value>(parts: readonly string[], options: Options = {}) {
  const { query = {} } = options;
  return useLive([...parts, query], () => get<Value>(parts, query), options);
}
