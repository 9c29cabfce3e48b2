// The parts of AMQP 1.0 for brokers of RabbitMQ's type.

import { answerPlain } from '../../../protocols/amqp10/plain-answer.ts';
import { rabbitMqFormat } from '../../../protocols/amqp10/rabbitmq/conversion/format.ts';
import { amqp10ForRabbitMq } from '../../../protocols/amqp10/rabbitmq/protocol.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of AMQP 1.0 in RabbitMQ's dialect. */
export const amqp10RabbitMqParts: ProtocolParts = {
  protocol: amqp10ForRabbitMq,
  format: rabbitMqFormat,
  answerPlain,
};
