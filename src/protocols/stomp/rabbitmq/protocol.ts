// STOMP for brokers of RabbitMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { Protocol } from '../../protocol.ts';
import { stomp } from '../protocol.ts';
import { rabbitMqDialect, type StompOptions } from './dialect.ts';

/** STOMP as RabbitMQ's plugin speaks it, for one broker. */
export function stompForRabbitMq(broker: Broker, options: Partial<StompOptions> = {}): Protocol {
  return stomp(rabbitMqDialect(broker, options));
}
