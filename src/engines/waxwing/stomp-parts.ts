import { stompFormat } from '../../protocols/stomp/format.ts';
import { answerPlain } from '../../protocols/stomp/plain-answer.ts';
import { stomp } from '../../protocols/stomp/protocol.ts';
import type { ProtocolParts } from './listener-specs.ts';

/** STOMP, in one file that processes without it do not load. */
export const stompParts: ProtocolParts = { protocol: stomp, format: stompFormat, answerPlain };
