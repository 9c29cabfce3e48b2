// The commands of STOMP.

import type { Frame } from '../../codec/frames.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { ack, nack } from './acknowledge.ts';
import { subscribe } from './subscribe.ts';
import { abort, begin, commit } from './transaction.ts';
import { unsubscribe } from './unsubscribe.ts';

/** A handler of a command. SEND, CONNECT and DISCONNECT are handled by the connection. */
type Handler = (own: RabbitMqConnection, frame: Frame) => void;

const handlers: ReadonlyMap<string, Handler> = new Map([
  ['SUBSCRIBE', subscribe],
  ['UNSUBSCRIBE', unsubscribe],
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
