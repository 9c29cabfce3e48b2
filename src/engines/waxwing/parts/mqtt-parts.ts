// The parts of MQTT, in a module that only processes with MQTT load.

import { mqttForActiveMq } from '../../../protocols/mqtt/activemq/protocol.ts';
import { mqttFormat } from '../../../protocols/mqtt/format.ts';
import { answerPlain } from '../../../protocols/mqtt/plain-answer.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of MQTT. */
export const mqttParts: ProtocolParts = {
  protocol: mqttForActiveMq,
  format: mqttFormat,
  answerPlain,
};
