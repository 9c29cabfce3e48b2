// The interface to the protocol that encodes advisories.

import type { Address } from '../../conversion/properties.ts';
import type { Field } from '../../conversion/value.ts';
import type { Publication } from '../../publication.ts';
import type { Delivery } from '../../subscription.ts';
import type { Consumption } from '../consumption.ts';

/** Kinds of advisories about messages, as in the names of their topics. */
export type MessageAdvisory =
  | 'Expired'
  | 'MessageConsumed'
  | 'MessageDLQd'
  | 'MessageDelivered'
  | 'MessageDiscarded';

/** The beginning of the names of all advisory topics. */
export const advisoryPrefix = 'ActiveMQ.Advisory.';

/** Whether a destination is one of the broker's, about which there are no advisories. */
export function isAdvisory({ name }: Address): boolean {
  return name.startsWith(advisoryPrefix);
}

/** An advisory about a message. */
export interface AdvisedMessage {
  readonly kind: MessageAdvisory;
  /** The destination that it is about. */
  readonly address: Address;
  /** Copied before this returns. */
  readonly message: Delivery;
  readonly includesBody: boolean;
  /** Further properties of the advisory. */
  readonly fields: readonly Field[];
  /** Whether the advisory names the message and its destination. */
  readonly namesMessage: boolean;
}

/**
 * Encodes advisories and sends them to the consumers of their topics. No method calls the broker before
 * it returns, so that they can be called from anywhere.
 */
export interface AdvisorySink {
  /** A queue or topic that is not temporary begins or ends to exist. */
  destination(address: Address, exists: boolean): void;
  message(advised: AdvisedMessage): void;
  /** Sends on a message that no consumer gets. It is copied before this returns. */
  unconsumed(address: Address, publication: Publication): void;
  slowConsumer(address: Address, consumption: Consumption): void;
  /** @param producer the producer of the protocol; undefined if it has none */
  fastProducer(address: Address, producer: unknown): void;
  /**
   * The memory of a destination is full.
   *
   * @param usedBytes of its messages
   */
  full(address: Address, usage: string, usedBytes: number): void;
  /** Returns the text of the id of a consumer; undefined if its protocol has none. */
  consumerIdOf(consumption: Consumption): string | undefined;
}
