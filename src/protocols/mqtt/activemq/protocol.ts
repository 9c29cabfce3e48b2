// MQTT for brokers of ActiveMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { Protocol } from '../../protocol.ts';
import { mqtt } from '../protocol.ts';
import { activeMqDialect } from './dialect.ts';

/** MQTT with ActiveMQ's topics, for one broker. */
export function mqttForActiveMq(broker: Broker): Protocol {
  return mqtt(activeMqDialect(broker));
}
