// The parts of MQTT, in a module that only processes with MQTT load.

import { mqttFormat } from '../../../protocols/mqtt/format.ts';
import { answerPlain } from '../../../protocols/mqtt/plain-answer.ts';
import { mqtt } from '../../../protocols/mqtt/protocol.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of MQTT. */
export const mqttParts: ProtocolParts = { protocol: mqtt, format: mqttFormat, answerPlain };
