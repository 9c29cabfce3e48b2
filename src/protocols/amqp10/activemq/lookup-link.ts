// Links that name a durable subscription without consuming from it.

import type { SubscriptionKey } from '../../../broker/topics/topic-subscriptions.ts';
import type { Attach } from '../codec/performatives.gen.ts';
import { type Ending, Link } from '../links/link.ts';
import type { Session } from '../session.ts';
import type { ActiveMqConnection } from './dialect.ts';

/** A link that names a durable subscription, which is deleted when the peer closes the link. */
export class LookupLink extends Link {
  readonly #own: ActiveMqConnection;
  readonly #key: SubscriptionKey;

  constructor(own: ActiveMqConnection, session: Session, attach: Attach, key: SubscriptionKey) {
    super(session, attach, undefined);
    this.#own = own;
    this.#key = key;
  }

  override get isDurable(): boolean {
    return true;
  }

  override begin(): void {}

  override flow(): void {}

  override transfer(): void {}

  override release(): Iterable<void> {
    this.isOver = true;
    return [];
  }

  override closed(ending: Ending): void {
    const { core, access } = this.#own;
    if (ending === 'closed') core.unsubscribe(this.#key, access);
  }
}
