// The work of a broker on its destinations that no client asks for.

import { RefusedSends } from '../../flow/refused-sends.ts';
import type { Flow } from '../../flow.ts';
import type { RetainedMessages } from '../../retained/retained-messages.ts';
import type { SlowConsumers } from '../limits/slow-consumers.ts';
import type { QueuePolicies } from '../policies/queue-policies.ts';
import type { SentMessages } from '../sending/sent-messages.ts';
import {
  InactiveDestinations,
  type InactiveHost,
  OfflineSubscriptions,
} from './inactive-destinations.ts';

/** The operations of the destinations that are needed here. */
export interface UpkeepHost extends InactiveHost {
  readonly broker: { readonly flow: Flow; readonly retained: RetainedMessages };
  readonly sends: SentMessages;
}

/** Removes what is not used, and refuses messages for which there is no room. */
export class Upkeep {
  readonly #host: UpkeepHost;
  readonly #keepMessages: () => void;
  readonly #inactive: InactiveDestinations;
  readonly #offline: OfflineSubscriptions;

  readonly #slow: SlowConsumers;

  /** @param keepMessages begins to keep messages of topics for retroactive consumers */
  constructor(
    host: UpkeepHost,
    policies: QueuePolicies,
    slow: SlowConsumers,
    keepMessages: () => void,
  ) {
    this.#host = host;
    this.#slow = slow;
    this.#keepMessages = keepMessages;
    this.#inactive = new InactiveDestinations(host, policies);
    this.#offline = new OfflineSubscriptions(host);
  }

  /** Applies the settings of the broker. */
  apply(): void {
    const { settings, turns, broker } = this.#host;
    if (settings.keepsForRetroactive) this.#keepMessages();
    this.#inactive.schedule();
    this.#offline.schedule();
    this.#slow.start();
    this.#host.sends.limits.start();
    const { refusesSendsAfterMs } = settings;
    if (refusesSendsAfterMs === undefined) return;
    new RefusedSends(broker.flow, turns, refusesSendsAfterMs).apply();
  }
}
