// The protocol AMQP 0-9-1, for listeners.

import type { Broker } from '../../broker/broker.ts';
import type { Protocol } from '../protocol.ts';
import { AmqpConnection } from './connection.ts';
import { recognizes } from './handshake.ts';
import { SharedState } from './shared-state.ts';

/** AMQP 0-9-1 with RabbitMQ's extensions, on one broker. */
export function amqp091(broker: Broker): Protocol {
  const shared = new SharedState(broker);
  return {
    name: 'amqp091',
    subprotocols: ['amqp'],
    recognizes,
    accept: (transport) => new AmqpConnection(transport, shared),
  };
}
