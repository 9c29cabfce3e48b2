// The parts of STOMP for brokers of RabbitMQ's type.

import { amqp091Format } from '../../../protocols/amqp091/format.ts';
import { answerPlain } from '../../../protocols/stomp/plain-answer.ts';
import { stompForRabbitMq } from '../../../protocols/stomp/rabbitmq/protocol.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of STOMP in RabbitMQ's dialect, whose messages are those of AMQP 0-9-1. */
export const stompRabbitMqParts: ProtocolParts = {
  protocol: (broker, settings) => stompForRabbitMq(broker, settings?.stomp),
  format: amqp091Format,
  answerPlain,
};
