// The parts that the operations of the audit service need.

import type { TrailHead } from '../../audit/trails/trail-head.ts';
import type { StateStore } from '../../storage/state-store.ts';

/** The parts that the operations need. */
export interface AuditParts {
  /** The state of the trail now. */
  readonly head: () => TrailHead;
  readonly state: Pick<StateStore, 'readTimeline'>;
}
