// AMQP 1.0 for brokers of ActiveMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { Protocol } from '../../protocol.ts';
import { amqp10 } from '../protocol.ts';
import { activeMqDialect } from './dialect.ts';

/** AMQP 1.0 with ActiveMQ's addresses and capabilities, for one broker. */
export function amqp10ForActiveMq(broker: Broker): Protocol {
  return amqp10(activeMqDialect(broker));
}
