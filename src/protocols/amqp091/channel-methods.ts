import type { Channel } from './channel.ts';
import { type Method, methodNames } from './codec/methods.gen.ts';
import * as consuming from './consuming.ts';
import * as declaring from './declaring.ts';
import { AmqpError } from './errors.ts';

type Handlers = {
  readonly [Id in Method['id']]?: (
    channel: Channel,
    method: Extract<Method, { readonly id: Id }>,
  ) => void;
};

const ignore = () => {};

/** One handler a method, in the specification's order; `basic.publish` never comes here. */
const handlers: Handlers = {
  1310730: () => {
    throw new AmqpError('channel-error', "second 'channel.open' seen");
  },
  1310740: consuming.flow,
  1310741: ignore, // channel.flow-ok: this side never asks
  1966090: (channel) => channel.send({ id: 0x001e000b, ticket: 1 }),

  2621450: declaring.exchangeDeclare,
  2621460: declaring.exchangeDelete,
  2621470: declaring.exchangeBind,
  2621480: declaring.exchangeUnbind,

  3276810: declaring.queueDeclare,
  3276820: declaring.queueBind,
  3276830: declaring.queuePurge,
  3276840: declaring.queueDelete,
  3276850: declaring.queueUnbind,

  3932170: consuming.qos,
  3932180: consuming.consume,
  3932190: consuming.cancel,
  3932191: ignore, // basic.cancel-ok: the answer to a notification
  3932230: consuming.get,
  3932240: (channel, { deliveryTag, multiple }) => {
    channel.settle(deliveryTag, multiple, 'accepted');
  },
  3932250: (channel, { deliveryTag, requeue }) => {
    channel.settle(deliveryTag, false, requeue ? 'modified' : 'rejected');
  },
  3932260: (channel, { requeue }) => consuming.recover(channel, requeue),
  3932270: (channel, { requeue }) => {
    consuming.recover(channel, requeue);
    channel.send({ id: 0x003c006f });
  },
  3932280: (channel, { deliveryTag, multiple, requeue }) => {
    channel.settle(deliveryTag, multiple, requeue ? 'modified' : 'rejected');
  },

  5570570: (channel, { noWait }) => {
    channel.selectConfirms();
    if (!noWait) channel.send({ id: 0x0055000b });
  },
  5898250: (channel) => {
    channel.selectTransactions();
    channel.send({ id: 0x005a000b });
  },
  5898260: (channel) => channel.commit(),
  5898270: (channel) => {
    channel.rollback();
    channel.send({ id: 0x005a001f });
  },
};

/** Whether a method only says how deliveries ended: `basic.ack`, `basic.reject`, `basic.nack`. */
export function settlesDeliveries(id: number): boolean {
  return id === 3932240 || id === 3932250 || id === 3932280;
}

/** Hands a method to its handler. */
export function handleMethod(channel: Channel, method: Method): void {
  // The key under which a handler is found says what method it takes.
  const handle = handlers[method.id] as ((on: Channel, method: Method) => void) | undefined;
  if (handle === undefined) {
    const name = methodNames[method.id];
    throw new AmqpError('command-invalid', `method '${name}' is not for a server's channel`);
  }
  handle(channel, method);
}
