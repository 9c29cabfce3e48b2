// Conversion of deliveries to AMQP 0-9-1.

import { converted } from '../../../broker/conversion/converted.ts';
import { formatNumbers, plainFormatNumber } from '../../../broker/format.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import type { Channel } from '../channel.ts';
import { amqp091Format } from '../format.ts';

/**
 * Octets of a header frame in addition to the properties: frame overhead, class, weight and body
 * size.
 */
const frameBytes = 8 + 12;

/** Whether a message was published by AMQP 0-9-1, so that it need not be converted. */
export function isOwn(delivery: Delivery): boolean {
  return plainFormatNumber(delivery.format) === formatNumbers.amqp091;
}

/** Converts a delivery of another protocol. Its head fits into one frame. */
export function asOwn(delivery: Delivery, channel: Channel): Delivery {
  const format = channel.broker.formatOf(delivery.format);
  return converted(delivery, format, amqp091Format, channel.frameMax - frameBytes);
}
