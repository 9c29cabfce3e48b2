// The AMQP 1.0 protocol.

import type { Protocol, Recognition } from '../protocol.ts';
import { protocolHeader, protocolIds } from './codec/frames.ts';
import { AmqpConnection } from './connection.ts';
import type { Dialect } from './dialect.ts';

const headers = Object.values(protocolIds).map((id) => protocolHeader(id));

/** Whether the first bytes of a connection are a protocol header of AMQP 1.0, or can become one. */
export function recognizes(bytes: Buffer): Recognition {
  const size = Math.min(bytes.length, 8);
  const isHeader = headers.some((header) => header.compare(bytes, 0, size, 0, size) === 0);
  if (!isHeader) return 'no';
  return size === 8 ? 'yes' : 'maybe';
}

/** AMQP 1.0 for one broker, in the dialect of its type. */
export function amqp10(dialect: Dialect): Protocol {
  return {
    name: 'amqp10',
    subprotocols: ['amqp'],
    recognizes,
    accept: (transport) => new AmqpConnection(transport, dialect),
  };
}
