// Annotations and types with which RabbitMQ carries what one protocol has and another lacks.

/** Annotations of messages. */
export const annotationNames = {
  exchange: 'x-exchange',
  routingKey: 'x-routing-key',
  cc: 'x-cc',
  deaths: 'x-opt-deaths',
  deliveryCount: 'x-delivery-count',
  streamOffset: 'x-stream-offset',
  receivedAt: 'x-opt-rabbitmq-received-time',
  /** The type of an AMQP 0-9-1 message. */
  basicType: 'x-basic-type',
  basicPriority: 'x-basic-priority',
  basicExpiration: 'x-basic-expiration',
  basicDeliveryMode: 'x-basic-delivery-mode',
} as const;

/** The type of an AMQP 0-9-1 message whose body consists of AMQP 1.0 sections. */
export const sectionsType = 'amqp-1.0';

/** Headers of AMQP 0-9-1. */
export const headerNames = {
  cc: 'CC',
  bcc: 'BCC',
  deaths: 'x-death',
  receivedAt: 'timestamp_in_ms',
  messageId: 'x-message-id',
  correlationId: 'x-correlation-id',
} as const;

/** Whether a name is one of an annotation or header that applications do not set. */
export function isXName(name: string): boolean {
  return name.startsWith('x-');
}
