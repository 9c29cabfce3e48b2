// The outcomes of deliveries (3.4) in the terms of the broker.

import type { Outcome } from '../../broker/subscription.ts';
import { type Composite, compositeCodes } from './codec/performatives.gen.ts';

/** The outcome in the terms of the broker; undefined if a state is not an outcome. */
export function outcomeOf(state: Composite | undefined): Outcome | undefined {
  switch (state?.code) {
    case compositeCodes.accepted:
      return 'accepted';
    case compositeCodes.rejected:
      return 'rejected';
    case compositeCodes.released:
      return 'released';
    case compositeCodes.modified:
      // ActiveMQ and RabbitMQ dead-letter messages that are undeliverable here.
      if (state.undeliverableHere === true) return 'rejected';
      return state.deliveryFailed === true ? 'modified' : 'released';
    default:
      return undefined;
  }
}
