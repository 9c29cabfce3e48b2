// The registry of method handlers.

import type { Channel } from '../channel.ts';
import { type Method, methodIds, methodNames } from '../codec/methods.gen.ts';
import { AmqpError } from '../errors.ts';
import { basicHandlers } from './basic.ts';
import { channelHandlers } from './channel.ts';
import { confirmHandlers } from './confirm.ts';
import { exchangeHandlers } from './exchange.ts';
import type { Handlers } from './handlers.ts';
import { queueHandlers } from './queue.ts';
import { txHandlers } from './tx.ts';

/** The handlers of all methods that clients send on channels. */
const handlers: Handlers = {
  ...channelHandlers,
  ...exchangeHandlers,
  ...queueHandlers,
  ...basicHandlers,
  ...confirmHandlers,
  ...txHandlers,
};

/** Whether a method only settles deliveries: `basic.ack`, `basic.reject`, `basic.nack`. */
export function settlesDeliveries(id: number): boolean {
  return id === methodIds.basicAck || id === methodIds.basicReject || id === methodIds.basicNack;
}

/** Calls the handler of a method. */
export function handleMethod(channel: Channel, method: Method): void {
  // The id of the handler determines the type of the method.
  const handle = handlers[method.id] as ((on: Channel, method: Method) => void) | undefined;
  if (handle === undefined) {
    const name = methodNames[method.id];
    throw new AmqpError('command-invalid', `method '${name}' is not for a server's channel`);
  }
  handle(channel, method);
}
