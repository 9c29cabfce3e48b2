import { converted } from '../../../broker/conversion/converted.ts';
import { formatNumbers, hasHiddenHeaders } from '../../../broker/format.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import type { Channel } from '../channel.ts';
import { amqp091Format } from '../format.ts';

/** Octets of a header frame beside the properties: its own, class, weight and body size. */
const frameBytes = 8 + 12;

/** Whether a delivery came in by AMQP 0-9-1, so that it leaves as it came. */
export function isOwn(delivery: Delivery): boolean {
  return (delivery.format & ~hasHiddenHeaders) === formatNumbers.amqp091;
}

/** A delivery of another protocol as this one has it; its head fits into one frame. */
export function asOwn(delivery: Delivery, channel: Channel): Delivery {
  const format = channel.broker.formatOf(delivery.format);
  return converted(delivery, format, amqp091Format, channel.frameMax - frameBytes);
}
