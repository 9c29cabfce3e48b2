// The parts of STOMP, in a module that only processes with STOMP load.

import { stompFormat } from '../../../protocols/stomp/format.ts';
import { answerPlain } from '../../../protocols/stomp/plain-answer.ts';
import { stomp } from '../../../protocols/stomp/protocol.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of STOMP. */
export const stompParts: ProtocolParts = { protocol: stomp, format: stompFormat, answerPlain };
