// The parts of AMQP 1.0, in a module that only processes with AMQP 1.0 load.

import { amqp10ForActiveMq } from '../../../protocols/amqp10/activemq/protocol.ts';
import { amqp10Format } from '../../../protocols/amqp10/format.ts';
import { answerPlain } from '../../../protocols/amqp10/plain-answer.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of AMQP 1.0. */
export const amqp10Parts: ProtocolParts = {
  protocol: amqp10ForActiveMq,
  format: amqp10Format,
  answerPlain,
};
