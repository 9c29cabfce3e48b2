// Names of JMS and ActiveMQ for what AMQP 1.0 has no field for.

import type { Address, Body } from '../../../broker/conversion/properties.ts';

/** Message annotations of the mapping of JMS to AMQP 1.0. */
export const jmsAnnotations = {
  messageType: 'x-opt-jms-msg-type',
  destination: 'x-opt-jms-dest',
  replyTo: 'x-opt-jms-reply-to',
} as const;

/** The application property of a message that its topic retains. */
export const retainProperty = 'ActiveMQ.Retain';

/** The value of the annotation for a kind of destination. */
export function kindNumber({ kind }: Address): number {
  return ['queue', 'topic', 'temporary-queue', 'temporary-topic'].indexOf(kind);
}

/** The value of the annotation for a body: the type of a JMS message. */
export function messageTypeOf(body: Body): number {
  switch (body.kind) {
    case 'none':
      return body.isText ? 5 : 0;
    case 'bytes':
      return 3;
    case 'text':
      return 5;
    case 'value':
      return body.value.type === 'map' ? 2 : body.value.type === 'list' ? 4 : 0;
  }
}
