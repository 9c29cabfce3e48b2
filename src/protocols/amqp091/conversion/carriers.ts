/** Headers for properties that class basic lacks. RabbitMQ's names are used if there are any. */
export const carriers = {
  messageId: 'x-message-id',
  messageIdType: 'x-message-id-type',
  correlationId: 'x-correlation-id',
  correlationIdType: 'x-correlation-id-type',
  /** A reply address that is a topic, as RabbitMQ has it for MQTT. */
  replyToTopic: 'x-reply-to-topic',
  /** Another reply address that is not a queue: `temporary-topic://name`. */
  replyTo: 'x-reply-to',
  to: 'x-to',
  groupId: 'x-group-id',
  groupSequence: 'x-group-sequence',
  replyToGroupId: 'x-reply-to-group-id',
  createdAtMs: 'timestamp_in_ms',
  retained: 'x-retain',
  /** `text` or `none` if the body is not binary. */
  body: 'x-body',
} as const;
