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

/** Prepares the delivery of a large message; see `Consumer.prepare`. */
export function prepare(delivery: Delivery, channel: Channel): Promise<void> | undefined {
  if (isOwn(delivery)) return undefined;
  const { conversions } = channel.broker;
  return conversions.prepare(delivery, amqp091Format, channel.frameMax - frameBytes);
}

/** Converts a delivery of another protocol. Its head fits into one frame. */
export function asOwn(delivery: Delivery, channel: Channel): Delivery {
  const format = channel.broker.formatOf(delivery.format);
  return converted(delivery, format, amqp091Format, channel.frameMax - frameBytes);
}
