// The methods of class `confirm`.

import type { Channel } from '../channel.ts';
import { type ConfirmSelect, methodIds } from '../codec/methods.gen.ts';
import type { Handlers } from './handlers.ts';

function select(channel: Channel, { noWait }: ConfirmSelect): void {
  channel.selectConfirms();
  if (!noWait) channel.send({ id: methodIds.confirmSelectOk });
}

/** The class `confirm` (RabbitMQ). */
export const confirmHandlers = { [methodIds.confirmSelect]: select } satisfies Handlers;
