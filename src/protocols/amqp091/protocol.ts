import type { Broker } from '../../broker/broker.ts';
import type { Connection, Protocol, Transport } from '../protocol.ts';
import { AmqpConnection } from './connection.ts';

/** AMQP 0-9-1 with RabbitMQ's extensions. */
export const amqp091: Protocol = {
  name: 'amqp091',
  accept: (transport: Transport, broker: Broker): Connection =>
    new AmqpConnection(transport, broker),
};
