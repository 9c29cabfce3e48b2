// The parts that the operations of the discovery service need.

import type { Control } from '../../control/control.ts';

/** The parts that the operations need. */
export interface DiscoveryParts {
  readonly control: Control;
  /** Names of persons to look for. */
  readonly personNames: readonly string[];
}
