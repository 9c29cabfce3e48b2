// STOMP for brokers of ActiveMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { Protocol } from '../../protocol.ts';
import { stomp } from '../protocol.ts';
import { activeMqDialect } from './dialect.ts';

/** STOMP with ActiveMQ's extensions, for one broker. */
export function stompForActiveMq(broker: Broker): Protocol {
  return stomp(activeMqDialect(broker));
}
