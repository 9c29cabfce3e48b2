// Reports of alarms.

import type { Flow } from '../../../broker/flow.ts';
import type { BrokerAlarm } from '../../../control/engine.ts';
import type { WriteStall } from './write-stall.ts';

/** The reasons for which publishers are blocked, by alarm. */
const reasons: readonly (readonly [alarm: BrokerAlarm, reason: string])[] = [
  ['memory', 'low on memory'],
  ['disk', 'low on disk'],
];

/** Reports when the alarms of a broker change. */
export class AlarmWatch {
  readonly #flow: Pick<Flow, 'reasons'>;
  readonly #stall: Pick<WriteStall, 'isStalled'>;
  readonly #changed: (alarms: readonly BrokerAlarm[]) => void;
  #last: readonly BrokerAlarm[] = [];

  constructor(
    flow: Pick<Flow, 'reasons'>,
    stall: Pick<WriteStall, 'isStalled'>,
    changed: (alarms: readonly BrokerAlarm[]) => void,
  ) {
    this.#flow = flow;
    this.#stall = stall;
    this.#changed = changed;
  }

  /** Compares the alarms with those of the last call. Call it several times a second. */
  tick(): void {
    const { reasons: blocking } = this.#flow;
    const { isStalled } = this.#stall;
    if (blocking.size === 0 && !isStalled && this.#last.length === 0) return;
    const alarms = reasons.filter(([, reason]) => blocking.has(reason)).map(([alarm]) => alarm);
    if (isStalled) alarms.push('writes');
    if (alarms.join() === this.#last.join()) return;
    this.#last = alarms;
    this.#changed(alarms);
  }
}
