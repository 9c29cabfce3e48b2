// Links that name a durable subscription without consuming from it.

import type { SubscriptionKey } from '../../../broker/topics/topic-subscriptions.ts';
import type { Attach } from '../codec/performatives.gen.ts';
import type { Session } from '../session.ts';
import { type Ending, Link } from './link.ts';

/** A link that names a durable subscription, which is deleted when the peer closes the link. */
export class LookupLink extends Link {
  readonly #key: SubscriptionKey;

  constructor(session: Session, attach: Attach, key: SubscriptionKey) {
    super(session, attach, undefined);
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
    const { dialect, access } = this.session.host;
    if (ending === 'closed') dialect.unsubscribe(this.#key, access);
  }
}
