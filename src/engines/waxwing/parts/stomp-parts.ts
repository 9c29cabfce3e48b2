// The parts of STOMP, in a module that only processes with STOMP load.

import { stompFormat } from '../../../protocols/stomp/activemq/format.ts';
import { stompForActiveMq } from '../../../protocols/stomp/activemq/protocol.ts';
import { answerPlain } from '../../../protocols/stomp/plain-answer.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of STOMP. */
export const stompParts: ProtocolParts = {
  protocol: stompForActiveMq,
  format: stompFormat,
  answerPlain,
};
