// The latest messages of an exchange for a destination that was bound to it.

import type { Destination } from '../exchanges/binding.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Vhost } from '../vhost.ts';
import type { Publishing } from './publishing.ts';

/** Passes the messages that an exchange has kept to a destination. Full queues do not get them. */
export function replayHistory(
  publishing: Publishing,
  vhost: Vhost,
  source: Exchange,
  destination: Destination,
): void {
  for (const message of source.history?.messages.slice() ?? []) {
    if (destination.kind === 'exchange') {
      const copy = message.copy();
      copy.exchange = destination;
      publishing.publishUnawaited(vhost, copy);
    } else if (!destination.isFull(message.bodyLength)) {
      publishing.storeQuietly(message, [destination]);
    }
  }
}
