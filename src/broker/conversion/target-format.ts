// The format to which messages are converted for a consumer.

import type { MessageFormat } from '../format.ts';
import type { Address } from './properties.ts';

/** Fields that a consumer's messages have in addition to those that were sent. */
export interface TargetTerms {
  /** The transformation of maps that the consumer asks for (STOMP). */
  readonly transformation?: string;
  /** The destination that is written into the messages (AMQP 1.0). */
  readonly to?: Address;
}

/** The format to which messages are converted for a consumer. */
export interface TargetFormat extends Pick<MessageFormat, 'name' | 'fromProperties'> {
  /** Undefined if they state nothing else. Another thread creates the same format from them. */
  readonly terms?: TargetTerms | undefined;
}

/** Whether two formats give the same messages. */
export function isSameTarget(one: TargetFormat, other: TargetFormat): boolean {
  if (one === other) return true;
  const { terms } = one;
  const { terms: others } = other;
  return (
    one.name === other.name &&
    terms?.transformation === others?.transformation &&
    terms?.to?.kind === others?.to?.kind &&
    terms?.to?.name === others?.to?.name
  );
}
