// State that the connections of a broker share.

import type { Broker } from '../../broker/broker.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { ReplyChannels } from './replies.ts';
import { RoutingKeyCache } from './routing-key-cache.ts';

/** State that the connections of a broker share. */
export class SharedState {
  readonly broker: Broker;
  readonly replies: ReplyChannels;
  readonly #keys = new Map<Vhost, RoutingKeyCache>();

  constructor(broker: Broker) {
    this.broker = broker;
    this.replies = new ReplyChannels(() => broker.randomName());
  }

  /** The known routing keys in a virtual host. */
  keysOf(vhost: Vhost): RoutingKeyCache {
    let keys = this.#keys.get(vhost);
    if (keys === undefined) {
      this.#forgetDeleted();
      keys = new RoutingKeyCache();
      this.#keys.set(vhost, keys);
    }
    return keys;
  }

  #forgetDeleted(): void {
    for (const vhost of this.#keys.keys()) {
      if (this.broker.vhosts.get(vhost.name) !== vhost) this.#keys.delete(vhost);
    }
  }
}
