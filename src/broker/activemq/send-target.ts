// Destinations of senders, with their cached routes.

import type { Address } from '../conversion/properties.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Publication } from '../publication.ts';
import { MessageAddress } from '../publishing/message-address.ts';
import type { Timing } from '../schedule/job.ts';
import type { Access } from '../users.ts';
import type { TopicUse } from './advisories/advising.ts';
import type { AdvisoryRules } from './policies/destination-policy.ts';
import type { Forwarding } from './virtual/composites.ts';

/** What decides about a message besides its destination. Senders may reuse one object. */
export interface SendOptions {
  /** When the message is delivered, if it is scheduled; see `ActiveMq.timingOf`. */
  timing: Timing | undefined;
  /** Whether the message is in a message group. */
  hasGroup: boolean;
}

/** Those of a message that is delivered at once and is in no group. */
export const noSendOptions: SendOptions = Object.freeze({ timing: undefined, hasGroup: false });

/** A destination that messages are sent to, with the cached route of the previous message. */
export class SendTarget extends MessageAddress {
  readonly address: Address;
  readonly exchange: Exchange;
  /**
   * The version of the virtual host at which permissions and existence were last checked; -1 before
   * the first check.
   */
  version = -1;
  /** The user for which permissions were last checked. */
  access: Access | undefined = undefined;
  /** Where its messages are forwarded, if it is a composite destination of the configuration. */
  forwarding: Forwarding | undefined = undefined;
  /** The destination for error texts: a list if it is part of one. */
  readonly shown: string;
  /** Whether the broker answers messages to it itself. */
  isService = false;
  /** The advisories about its messages; undefined if there are none. */
  rules: AdvisoryRules | undefined = undefined;
  /** The use of the topic; undefined for a queue, and for a topic that is not known to exist. */
  use: TopicUse | undefined = undefined;
  /** The topic that gets the messages to a queue, too. */
  mirror: SendTarget | undefined = undefined;

  constructor(address: Address, exchange: Exchange, routingKey: string, shown: string) {
    super(exchange.name, routingKey, 'the name of a destination');
    this.address = address;
    this.shown = shown;
    this.exchange = exchange;
  }

  override addressTo(publication: Publication): void {
    super.addressTo(publication, this.exchange);
  }
}
