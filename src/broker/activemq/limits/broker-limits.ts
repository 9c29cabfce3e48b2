// The limits of a broker.

import type { Broker } from '../../broker.ts';
import type { Turns } from '../../turns/turns.ts';
import type { Advising } from '../advisories/advising.ts';
import type { ActiveMqEvents } from '../events.ts';
import type { ActiveMqSettings } from '../policies/destination-policy.ts';
import { ResourceLimits } from './resource-limits.ts';

/** The parts of the destinations that are needed here. */
interface LimitedBroker {
  readonly broker: Broker;
  readonly turns: Turns;
  readonly settings: ActiveMqSettings;
  readonly advising: Advising;
}

/** Creates the limits of a broker, which measure its log. */
export function brokerLimits(of: LimitedBroker, events: ActiveMqEvents): ResourceLimits {
  const { store } = of.broker;
  return new ResourceLimits({
    turns: of.turns,
    get settings() {
      return of.settings;
    },
    transientBytes: () => store.log.usage.transientBytes,
    storedBytes: () => store.log.usage.storedBytes,
    reclaim: () => store.log.reclaim?.(false),
    warn: (text) => events.warned(text),
    memoryFull: ({ address }, { options }) =>
      of.advising.full(address, options.name, options.measure()),
  });
}
