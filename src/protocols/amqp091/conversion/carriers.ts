/**
 * Headers that carry what class basic has no property for. Where RabbitMQ has a name for one, it is that.
 */
export const carriers = {
  messageId: 'x-message-id',
  messageIdType: 'x-message-id-type',
  correlationId: 'x-correlation-id',
  correlationIdType: 'x-correlation-id-type',
  /** A reply address that is no queue: `topic://name`. */
  replyTo: 'x-reply-to',
  to: 'x-to',
  groupId: 'x-group-id',
  groupSequence: 'x-group-sequence',
  replyToGroupId: 'x-reply-to-group-id',
  createdAtMs: 'timestamp_in_ms',
  retained: 'x-retain',
  /** `text` or `none`, where the body is not just bytes. */
  body: 'x-body',
} as const;
