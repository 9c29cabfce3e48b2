// The parts of MQTT for brokers of RabbitMQ's type, in a module that only processes with MQTT load.

import { readMqtt } from '../../../control/configurations/rabbitmq/mqtt.ts';
import { answerPlain } from '../../../protocols/mqtt/plain-answer.ts';
import { rabbitMqMqttFormat } from '../../../protocols/mqtt/rabbitmq/format.ts';
import { mqttForRabbitMq } from '../../../protocols/mqtt/rabbitmq/protocol.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of MQTT in RabbitMQ's dialect. */
export const mqttRabbitMqParts: ProtocolParts = {
  protocol: (broker, settings) => mqttForRabbitMq(broker, settings?.mqtt ?? readMqtt(new Map())),
  format: rabbitMqMqttFormat,
  answerPlain,
};
