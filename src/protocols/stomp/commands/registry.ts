import type { Frame } from '../codec/frames.ts';
import type { StompHost } from '../host.ts';
import { ack, nack } from './acknowledge.ts';
import { subscribe, unsubscribe } from './subscribe.ts';
import { abort, begin, commit } from './transaction.ts';

/** What a command does; SEND, CONNECT and DISCONNECT are the connection's own. */
type Handler = (host: StompHost, frame: Frame) => void;

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

/** What a command does; undefined for one that is not known. */
export function handlerOf(command: string): Handler | undefined {
  return handlers.get(command);
}
