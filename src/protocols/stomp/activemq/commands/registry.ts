// The commands of STOMP.

import type { Frame } from '../../codec/frames.ts';
import type { ActiveMqConnection } from '../dialect.ts';
import { ack, nack } from './acknowledge.ts';
import { subscribe, unsubscribe } from './subscribe.ts';
import { abort, begin, commit } from './transaction.ts';

/** A handler of a command. SEND, CONNECT and DISCONNECT are handled by the connection. */
type Handler = (own: ActiveMqConnection, frame: Frame) => void;

const handlers: ReadonlyMap<string, Handler> = new Map([
  ['SUBSCRIBE', subscribe],
  ['SUB', subscribe],
  ['UNSUBSCRIBE', unsubscribe],
  ['UNSUB', unsubscribe],
  ['ACK', ack],
  ['NACK', nack],
  ['BEGIN', begin],
  ['COMMIT', commit],
  ['ABORT', abort],
]);

/** Returns the handler of a command; undefined if the command is unknown. */
export function handlerOf(command: string): Handler | undefined {
  return handlers.get(command);
}
