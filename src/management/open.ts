// The entry point of the management API.

import { ManagementApi } from './api.ts';
import { Management, type ManagementOptions } from './management.ts';

/** Opens the management API of a broker. Must be closed before the broker. */
export function openManagement(options: ManagementOptions): ManagementApi {
  return new ManagementApi(new Management(options));
}
