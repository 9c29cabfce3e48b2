// AMQP 1.0 for brokers of RabbitMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { Protocol } from '../../protocol.ts';
import { amqp10 } from '../protocol.ts';
import { rabbitMqDialect } from './dialect.ts';

/** AMQP 1.0 with RabbitMQ's addresses, conversions and management, for one broker. */
export function amqp10ForRabbitMq(broker: Broker): Protocol {
  return amqp10(rabbitMqDialect(broker));
}
