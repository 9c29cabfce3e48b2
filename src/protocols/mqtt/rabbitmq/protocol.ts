// MQTT for brokers of RabbitMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { Protocol } from '../../protocol.ts';
import { mqtt } from '../protocol.ts';
import { rabbitMqDialect } from './dialect.ts';
import type { MqttOptions } from './options.ts';

/** MQTT with the topic exchange of RabbitMQ, for one broker. */
export function mqttForRabbitMq(broker: Broker, options: MqttOptions): Protocol {
  return mqtt(rabbitMqDialect(broker, options));
}
