// Unsettled deliveries to a peer.

import type { Queue } from '../../../broker/queue.ts';
import type { Subscription } from '../../../broker/subscription.ts';
import type { AmqpTransaction } from '../transactions.ts';
import type { SendingLink } from './sending-link.ts';

/** A queue that a link takes messages from. */
export interface DeliverySource {
  readonly queue: Queue;
  readonly subscription: Subscription;
  /** Whether the messages arrive through topics. */
  readonly isTopic: boolean;
}

/** A delivery that has not been settled. */
export interface Flight {
  readonly link: SendingLink;
  readonly deliveryId: number;
  /** Undefined for browsers, which acquire nothing. */
  readonly source: DeliverySource | undefined;
  /** The number of the delivery in the subscription. */
  readonly number: number;
  /** The transaction that settles it at commit. */
  transaction: AmqpTransaction | undefined;
  /** Whether the peer has settled it in the transaction. */
  isSettledByPeer: boolean;
  /** Whether the link ended before the transaction. */
  isSetAside: boolean;
  /** Whether it is in the list of its link, and its neighbours there. Only the list changes them. */
  isListed: boolean;
  previous: Flight | undefined;
  next: Flight | undefined;
}
